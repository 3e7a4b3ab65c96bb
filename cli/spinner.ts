import { paint } from './output.ts'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** A mark that turns while something is at work. */
export const spinner = (now: number): string => paint('cyan', frames[Math.floor(now / FRAME_MS) % frames.length]!)

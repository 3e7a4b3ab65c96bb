import { Screen } from './screen.ts'

// Ten frames a second are calm and still move.
const FRAME_MS = 100

/** Something drawn again and again on the terminal while work goes on. */
export interface Live {
  /** Ends it; the last frame stays. */
  stop(): void
}

/** Draws `lines(now)` in place until it is stopped. Only for terminals. */
export function live(lines: (now: number) => string[]): Live {
  const screen = new Screen()
  const draw = () => screen.draw(lines(Date.now()))
  draw()
  const timer = setInterval(draw, FRAME_MS)
  return {
    stop: () => {
      clearInterval(timer)
      screen.leave(lines(Date.now()))
    },
  }
}

/** Whether a person looks on: a terminal, and no machine's output asked for. */
export const isWatched = (options: { json?: boolean }): boolean => !options.json && process.stdout.isTTY === true

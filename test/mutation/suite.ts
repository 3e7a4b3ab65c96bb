import { expect } from 'expect'
import fc from 'fast-check'
import { bind } from 'jest-each'

type Body = () => unknown
interface Block {
  beforeEach: Body[]
  afterEach: Body[]
  beforeAll: Body[]
  afterAll: Body[]
  parent: Block | undefined
}

/** A test that can be run by itself, as often as wanted. */
export interface Test {
  name: string
  run(): Promise<void>
}

const emptyBlock = (parent?: Block): Block => ({ beforeEach: [], afterEach: [], beforeAll: [], afterAll: [], parent })

/*
 * The part of jest that the unit tests use, in one process and without its module registry: each test can be run alone and
 * thousands of times, which is what judging mutants is.
 */
export class Suite {
  readonly tests: Test[] = []
  readonly #begun = new Set<Block>()
  readonly #blocks: Block[] = []
  #block = emptyBlock()
  #file = ''

  /** Makes `test`, `describe`, `expect` and their kin global. */
  provide(): void {
    const test = (name: string, body: Body) => this.#add(name, body)
    const describe = (name: string, body: Body) => this.#describe(name, body)
    const each = (kind: 'beforeEach' | 'afterEach' | 'beforeAll' | 'afterAll') => (body: Body) => void this.#block[kind].push(body)
    Object.assign(globalThis, {
      expect,
      test: Object.assign(test, { each: bind(test as never) }),
      it: Object.assign(test, { each: bind(test as never) }),
      describe: Object.assign(describe, { each: bind(describe as never, false) }),
      beforeEach: each('beforeEach'),
      afterEach: each('afterEach'),
      beforeAll: each('beforeAll'),
      afterAll: each('afterAll'),
    })
    // The same examples each time; and whether a mutant fails is enough, not by which smallest example.
    fc.configureGlobal({ seed: 20010214, endOnFailure: true })
  }

  /** Takes up the tests of a file. */
  async load(url: URL, name: string): Promise<void> {
    this.#file = name
    this.#enter(emptyBlock())
    await import(url.href)
  }

  /** A test that no file has. */
  add(name: string, run: () => Promise<void>): void {
    this.tests.push({ name, run })
  }

  /** What is for all tests of a block is done once, and undone at the very end: its tests are run many times. */
  async #begin(block: Block): Promise<void> {
    if (this.#begun.has(block)) return
    this.#begun.add(block)
    for (const before of block.beforeAll) await before()
  }

  async end(): Promise<void> {
    for (const block of this.#blocks) for (const after of block.afterAll) await Promise.try(after).catch(() => {})
  }

  #describe(_name: string, body: Body): void {
    const parent = this.#block
    this.#enter(emptyBlock(parent))
    body()
    this.#block = parent
  }

  #enter(block: Block): void {
    this.#block = block
    this.#blocks.push(block)
  }

  #add(name: string, body: Body): void {
    const blocks: Block[] = []
    for (let block: Block | undefined = this.#block; block; block = block.parent) blocks.unshift(block)
    const run = async () => {
      for (const block of blocks) await this.#begin(block)
      for (const block of blocks) for (const before of block.beforeEach) await before()
      try {
        await body()
      } finally {
        for (const block of blocks.toReversed()) for (const after of block.afterEach) await after()
      }
    }
    this.tests.push({ name: `${this.#file}: ${name}`, run })
  }
}

import { RE2JS } from 're2js'
import { invalid } from './subjects.ts'

/** Longer than this no pattern is read, nor one whose repetitions come to more than `mostRepeated` nodes. */
const longest = 1_000
const mostRepeated = 6_000
const mostKept = 64
/** What reading a character of a pattern takes, and how many nodes are tried on a character of the text in one step. */
const stepsPerPatternCharacter = 1
const nodesPerStep = 16

/** Patterns that are read once, and looked for in time proportional to text times pattern, whatever the pattern. */
export class LinearPatterns {
  readonly #known = new Map<string, RE2JS>()

  /**
   * Whether `pattern` is found in `text`: RE2's syntax, as CEL says. What it takes is paid through `spend`, before it
   * is spent. Throws for what is no pattern, and for one too large.
   */
  matches(text: string, pattern: string, spend: (steps: number) => void): boolean {
    const repeated = pattern.length * sumOf(pattern.match(/\d+(?=[,}])/g) ?? [])
    if (pattern.length > longest || repeated > mostRepeated) throw invalid('The pattern', 'it is too large')
    spend(pattern.length * stepsPerPatternCharacter + repeated)
    const program = this.#known.get(pattern) ?? this.#read(pattern)
    spend(((text.length + 1) * program.programSize()) / nodesPerStep)
    return program.test(text)
  }

  #read(pattern: string): RE2JS {
    const program = RE2JS.compile(pattern)
    const [oldest] = this.#known.keys()
    if (this.#known.size >= mostKept && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(pattern, program)
    return program
  }
}

function sumOf(numbers: readonly string[]): number {
  return numbers.reduce((sum, number) => sum + Number(number), 0)
}

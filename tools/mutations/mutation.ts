/** One safety rule: where it stands, what becomes of it, and who has to miss it. */
export interface Mutation {
  /** What holds while nobody breaks it. */
  readonly rule: string
  readonly file: string
  /** The rule as it stands in the file, exactly once. */
  readonly find: string
  readonly replace: string
  /** Test files of which at least one has to fail. */
  readonly tests: readonly string[]
}

/** Rules of one package; their files and tests are given within its folder. */
export function rulesOf(name: string, rules: readonly Mutation[]): readonly Mutation[] {
  const at = (path: string) => `packages/${name}/${path}`
  return rules.map(({ file, tests, ...rule }) => ({ ...rule, file: at(file), tests: tests.map(at) }))
}

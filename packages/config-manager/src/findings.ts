import type { FindingFacts } from './finding-form.ts'
import { type FindingCode, findingForms } from './finding-forms.ts'

/** One thing that is wrong with a definition or a value. */
export interface ConfigIssue {
  /**
   * Where: `/<item>`, `/<item>/<property>` or `/<item>/<element>`; a `/` or `~` in a name is written `~1` or `~0` (RFC
   * 6901).
   */
  readonly path: string
  readonly code: FindingCode
  /** What is wrong, in one sentence. */
  readonly message: string
  readonly expected?: string
  /** What was given instead; absent for secrets. */
  readonly received?: unknown
}

/** The same finding in the words of Fledge's Python manager. */
export interface FledgeFailure {
  /** The Python class: `ValueError`, `TypeError`, `KeyError`, ... */
  readonly class: string
  readonly message: string
  /** Upstream fails here by accident: the class is information, and the text is ours. */
  readonly accidental: boolean
}

/** An issue and what upstream would have said. */
export interface Finding extends ConfigIssue {
  readonly fledge: FledgeFailure
}

/** Thrown inside the engine to end a check at its first finding; the manager turns it into a `BackplaneError`. */
export class FirstFinding extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.fledge.message)
    this.name = 'FirstFinding'
    this.finding = finding
  }
}

/** Collects findings, or ends at the first one: in that alone the two modes differ when something is wrong. */
export class Findings {
  readonly #found: Finding[] = []
  readonly #places = new Set<string>()
  readonly #firstOnly: boolean

  constructor(firstOnly: boolean) {
    this.#firstOnly = firstOnly
  }

  /** All findings so far, in the order in which they were made. */
  get all(): readonly Finding[] {
    return this.#found
  }

  /**
   * Notes a finding and gives `false`; the same one at the same place counts once. Throws {@link FirstFinding} when the
   * first one ends the check.
   */
  add(code: FindingCode, facts: FindingFacts): false {
    const form = findingForms[code]
    const [upstreamClass, text] = form.fledge
    const finding: Finding = {
      path: pathOf(facts),
      code,
      message: form.says(facts),
      ...(facts.expected === undefined ? {} : { expected: facts.expected }),
      ...(facts.received === undefined || facts.secret ? {} : { received: facts.received }),
      fledge: {
        class: facts.fledgeClass ?? upstreamClass,
        message: facts.fledgeText ?? text(facts),
        accidental: facts.accidental ?? false,
      },
    }
    if (this.#firstOnly) throw new FirstFinding(finding)
    const place = `${code} ${finding.path}`
    if (!this.#places.has(place)) this.#found.push(finding)
    this.#places.add(place)
    return false
  }
}

function pathOf(facts: FindingFacts): string {
  return [facts.item, ...(facts.within ?? []), facts.property, facts.element]
    .filter((part) => part !== undefined)
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}

import type { JsonSchema } from '@backplane/core'
import type { Ajv2020, Code, KeywordCxt, Name, ValidateFunction } from 'ajv/dist/2020.js'
import { amongKeyword, boundedSchema, costKeyword, typeKeyword } from './bounded-schema.ts'
import { Budget, overBudget, unitsOfCheck } from './budget.ts'
import { canonical, duplicates, lengthOf } from './canonical.ts'
import { addNumberKeywords } from './number-keywords.ts'
import { boundedPattern, loadEngine } from './patterns.ts'

/** What is wrong with a value, and where: as Ajv says it. */
export interface Issue {
  readonly instancePath: string
  readonly message?: string
  readonly params: Readonly<Record<string, unknown>>
}

/** How a check ended: nothing where the value is valid, what is wrong, or that it cost too much. */
type Verdict = undefined | readonly Issue[] | 'too costly'

/** Checks values against one schema. */
export interface Check {
  (value: unknown): Verdict
  /** Units that the last check cost. */
  readonly spent: number
}

/** Values up to this cost are checked a second time when they are wrong, for all that is wrong with them. */
const cheap = 20_000
/** Schemas of more parts are not compiled a second time for that. */
const mostPartsTwice = 100

/** Compiles schemas into checks whose cost is bounded, whatever the schema and the value. */
export class Compiler {
  readonly #ajv: typeof Ajv2020
  readonly #_: typeof import('ajv/dist/2020.js')._
  /** What generated code calls its list of errors. */
  readonly #errors: Name
  #engine: Awaited<ReturnType<typeof loadEngine>> | undefined

  private constructor(ajv: typeof Ajv2020, code: typeof import('ajv/dist/2020.js')._, errors: Name) {
    this.#ajv = ajv
    this.#_ = code
    this.#errors = errors
  }

  /** Loads what it needs. */
  static async load(): Promise<Compiler> {
    const { Ajv2020, _, Name } = await import('ajv/dist/2020.js')
    return new Compiler(Ajv2020, _, new Name('vErrors'))
  }

  /** Rejects with the reason where the schema cannot be used. */
  async compile(source: JsonSchema): Promise<Check> {
    const { schema, parts, needsEngine } = boundedSchema(source)
    if (needsEngine) this.#engine ??= await loadEngine()
    const budget = new Budget()
    const quick = this.#compileWith(schema, budget, false)
    let thorough: ValidateFunction | undefined
    const run = (validate: ValidateFunction, value: unknown, units = unitsOfCheck): Verdict => {
      budget.left = units
      try {
        return validate(value) ? undefined : [...(validate.errors ?? [])]
      } catch (error) {
        // What nests so deep that the stack does not hold it costs too much as well.
        if (error === overBudget || error instanceof RangeError) return 'too costly'
        throw error
      }
    }
    const check = (value: unknown): Verdict => {
      const verdict = run(quick, value)
      if (!Array.isArray(verdict) || parts > mostPartsTwice || unitsOfCheck - budget.left > cheap) return verdict
      thorough ??= this.#compileWith(schema, budget, true)
      const all = run(thorough, value, cheap)
      return Array.isArray(all) ? all : verdict
    }
    return Object.defineProperty(check, 'spent', { get: () => unitsOfCheck - budget.left }) as Check
  }

  #compileWith(schema: object | boolean, budget: Budget, allErrors: boolean): ValidateFunction {
    const engine = this.#engine
    // One for each schema: it would keep for ever what it has compiled, and plugins come and go.
    const ajv = new this.#ajv({
      allErrors,
      strict: false,
      validateFormats: false,
      validateSchema: false,
      meta: false,
      addUsedSchema: false,
      logger: false,
      code: {
        // It makes the code a little smaller, and compiling three times as long.
        optimize: false,
        regExp: Object.assign((pattern: string) => boundedPattern(pattern, budget, engine) as unknown as RegExp, {
          code: 'bounded',
        }),
      },
    })
    this.#addKeywords(ajv, budget, allErrors)
    return ajv.compile(schema)
  }

  #addKeywords(ajv: Ajv2020, budget: Budget, allErrors: boolean): void {
    const _ = this.#_
    const own = ({ gen }: KeywordCxt, ref: unknown) => gen.scopeValue('obj', { ref })
    for (const keyword of ['uniqueItems', 'maxLength', 'minLength']) ajv.removeKeyword(keyword)
    ajv.addKeyword({
      keyword: costKeyword,
      before: '$ref',
      code: (cxt) => {
        const [weight, loops] = cxt.schema as [number, number]
        // Where all that is wrong is asked for, each entry of a list may be.
        const units = allErrors ? weight * 8 : weight
        const counter = own(cxt, budget)
        if (loops > 0) cxt.gen.code(_`${counter}.keys(${cxt.data}, ${loops})`)
        // What is wrong is written down, which costs more than the look itself.
        const more = _`(${this.#errors} === null ? ${units} : ${units + 4})`
        cxt.gen.code(_`if ((${counter}.left -= ${more}) < 0) ${counter}.spend(0)`)
      },
    })
    addNumberKeywords(ajv, _, typeKeyword)
    const limit = (keyword: string, word: string, bad: (data: Name, limit: Code, length: Code) => Code) =>
      ajv.addKeyword({
        keyword,
        type: 'string',
        schemaType: 'number',
        error: { message: ({ schemaCode }) => _`${`must NOT have ${word} than `} + ${schemaCode} + " characters"` },
        code(cxt) {
          const length = _`${own(cxt, lengthOf)}(${cxt.data}, ${own(cxt, budget)})`
          cxt.fail(bad(cxt.data, cxt.schemaCode as Code, length))
        },
      })
    // Mostly the number of code units says enough, and nothing is counted.
    limit('maxLength', 'more', (data, most, length) => _`${data}.length > ${most} && ${length} > ${most}`)
    limit(
      'minLength',
      'fewer',
      (data, least, length) => _`${data}.length < 2 * ${least} && (${data}.length < ${least} || ${length} < ${least})`,
    )
    ajv.addKeyword({
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      errors: true,
      compile: (asked: boolean) =>
        Object.assign(
          function unique(list: unknown[]): boolean {
            const found = asked ? duplicates(list, budget) : undefined
            if (!found) return true
            const message = `must NOT have duplicate items (items ## ${found.j} and ${found.i} are identical)`
            Object.assign(unique, { errors: [{ keyword: 'uniqueItems', message, params: found }] })
            return false
          },
          { errors: [] },
        ),
    })
    ajv.addKeyword({
      keyword: amongKeyword,
      schemaType: 'array',
      error: {
        message: 'must be equal to one of the allowed values',
        params: ({ schema, schemaCode }) =>
          (schema as unknown[][]).flat().every((value) => typeof value !== 'object' || value === null)
            ? _`{ allowedValues: ${schemaCode}.flat() }`
            : _`{}`,
      },
      compile: (lists: unknown[][]) => {
        const free = new Budget()
        free.left = Number.POSITIVE_INFINITY
        const sets = lists.map((values) => new Set(values.map((value) => canonical(value, free))))
        return (value: unknown) => {
          const text = canonical(value, budget)
          return sets.every((set) => set.has(text))
        }
      },
    })
  }
}

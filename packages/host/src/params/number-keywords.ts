import type { Ajv2020, Code, _ as CodeTemplate, KeywordCxt, Name } from 'ajv/dist/2020.js'
import { unusable } from './unusable.ts'

type Template = typeof CodeTemplate

const jsonTypes = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']

/**
 * Gives a compiler the keywords on numbers, so that a `bigint` is an integer and is held to each digit of a limit, of
 * whichever kind the limit is. `NaN` and the infinities are numbers, and no integers; `NaN` is within no limit.
 */
export function addNumberKeywords(ajv: Ajv2020, _: Template, typeKeyword: string): void {
  ajv.addKeyword({
    keyword: typeKeyword,
    // Before what is asked of a value of its type.
    before: '$ref',
    schemaType: 'array',
    error: { message: ({ schema }) => _`${`must be ${(schema as string[]).join()}`}` },
    code(cxt) {
      const types = cxt.schema as string[]
      if (!types.every((type) => jsonTypes.includes(type)))
        throw unusable(`its type is ${types.join()}, which is none that JSON has`)
      const [first, ...more] = types.map((type) => _`(${typeCheck(_, type, cxt.data)})`)
      cxt.pass(more.reduce((either, check) => _`${either} || ${check}`, first as Code))
    },
  })
  const limit = (keyword: string, sign: string, isWithin: (data: Name, limit: Code | Name) => Code) => {
    ajv.removeKeyword(keyword)
    ajv.addKeyword({
      keyword,
      error: { message: ({ schema }) => _`${`must be ${sign} ${schema}`}` },
      code(cxt) {
        const value = limitOf(cxt)
        // A `bigint` is written into no code; it is looked up where the schema lies.
        cxt.fail(_`${isNumber(_, cxt.data)} && !(${isWithin(cxt.data, value)})`)
      },
    })
  }
  limit('maximum', '<=', (data, most) => _`${data} <= ${most}`)
  limit('minimum', '>=', (data, least) => _`${data} >= ${least}`)
  limit('exclusiveMaximum', '<', (data, most) => _`${data} < ${most}`)
  limit('exclusiveMinimum', '>', (data, least) => _`${data} > ${least}`)
  ajv.removeKeyword('multipleOf')
  ajv.addKeyword({
    keyword: 'multipleOf',
    error: { message: ({ schema }) => _`${`must be multiple of ${schema}`}` },
    code(cxt) {
      const of = limitOf(cxt)
      const check = cxt.gen.scopeValue('func', { ref: isMultiple })
      cxt.fail(_`${isNumber(_, cxt.data)} && !${check}(${cxt.data}, ${of})`)
    },
  })
}

function limitOf({ schema, schemaCode, keyword }: KeywordCxt): Code | Name {
  if (typeof schema !== 'number' && typeof schema !== 'bigint') throw unusable(`its ${keyword} is no number`)
  return schemaCode as Code
}

function isNumber(_: Template, data: Name): Code {
  return _`(typeof ${data} == "number" || typeof ${data} == "bigint")`
}

function typeCheck(_: Template, type: string, data: Name): Code {
  switch (type) {
    case 'integer':
      return _`typeof ${data} == "number" ? Number.isInteger(${data}) : typeof ${data} == "bigint"`
    case 'number':
      return isNumber(_, data)
    case 'null':
      return _`${data} === null`
    case 'array':
      return _`Array.isArray(${data})`
    case 'object':
      return _`${data} && typeof ${data} == "object" && !Array.isArray(${data})`
    default:
      return _`typeof ${data} == ${type}`
  }
}

/**
 * Tells whether one number is a whole multiple of another: exactly where one of them is a `bigint` or both are whole.
 */
function isMultiple(value: number | bigint, of: number | bigint): boolean {
  if (typeof value === 'number' && typeof of === 'number')
    return Number.isInteger(value) && Number.isInteger(of) ? value % of === 0 : Number.isInteger(value / of)
  if (!isFiniteNumber(value) || !isFiniteNumber(of)) return false
  const [dividend, divisor] = [fraction(value), fraction(of)]
  const scale = Math.max(dividend.places, divisor.places)
  const scaled = ({ digits, places }: Fraction) => digits * 10n ** BigInt(scale - places)
  const by = scaled(divisor)
  return by !== 0n && scaled(dividend) % by === 0n
}

function isFiniteNumber(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isFinite(value)
}

/** A number as its decimal digits and how many of them are behind the point. */
interface Fraction {
  readonly digits: bigint
  readonly places: number
}

function fraction(value: number | bigint): Fraction {
  if (typeof value === 'bigint') return { digits: value, places: 0 }
  if (Number.isInteger(value)) return { digits: BigInt(value), places: 0 }
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [whole = '', behind = ''] = mantissa.split('.')
  return { digits: BigInt(whole + behind), places: behind.length - Number(exponent) }
}

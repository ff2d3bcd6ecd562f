import { describe, expect, it } from 'vitest'
import { judgeByBinding, judgeBySubstitution } from './rule.ts'
import { parseExpression } from './syntax.ts'
import { isApplicable } from './validity.ts'

describe('a rule with the value put into its text', () => {
  it.each([
    ['0 < value < 10', '5', true],
    ['0 < value < 10', '10', false],
    ['value % 3 == 1 and value // 2 == 2', '-5', false],
    ['value // 2 == -3', '-5', true],
    ['round(value) == 2', '2.5', true],
    ['sqrt(value) == 4', '16', true],
    ['value in (1, 2, 5)', '5', true],
    ['value in (5,)', '5', true],
    ['not value in [1]', '1', false],
    ['value - 5', '5', true],
    ['"value" == "abc"', 'abc', true],
    ['len("value") > 2', '😀😀', false],
    ['max(value, 3) == 5', ' 5 ', true],
    ['value == 9007199254740993', '9007199254740993', true],
    ['value == 9007199254740992', '9007199254740993', false],
    ['-value ** 2 == -4', '2', true],
    ['value > 1', '\n 5', true],
  ])('%s of %j is %s', (rule, value, accepted) => {
    expect(judgeBySubstitution(rule, value)).toEqual({ accepted })
  })

  it.each([
    ['value > 1', '007'],
    ['value > 1', '5\n'.repeat(2)],
    ['value >', '5'],
    ['"value" == "a"', 'x"y'],
    ['value == nope', '5'],
    ['nope(value)', '5'],
    ['value / 0 == 1', '5'],
    ['value < "a"', '5'],
    ['value ** 999999999 > 1', '9'],
    ['__import__("os").system("x") == value', '5'],
    ['(lambda: value)()', '5'],
    ['value.real > 1', '5'],
    [`${'('.repeat(500)}value`, '5'],
  ])('%s of %j cannot be computed', (rule, value) => {
    expect(judgeBySubstitution(rule, value)).toHaveProperty('error')
  })
})

describe('a rule in which the value is a variable', () => {
  it('takes what would break out of its quotes for text', () => {
    const rule = parseExpression('"value" == "abc"')
    expect(judgeByBinding(rule, 'abc', 'abc')).toEqual({ accepted: true })
    expect(judgeByBinding(rule, '" or "" == "', '" or "" == "')).toEqual({ accepted: false })
  })
})

describe('validity', () => {
  const values = (name: string) => ({ poll: 'Interval', n: '5', on: 'true', odd: 'a"b' })[name]

  it.each([
    ['poll == "Interval"', true],
    ['poll != "Interval"', false],
    ["poll === 'On' || n >= 5", true],
    ['!(n >= 5) && poll == "Interval"', false],
    ['n > 5', false],
    ['on == true', true],
    ['on == "false"', false],
    ['nope == "x"', true],
    ['poll ==', true],
    ['odd == "a"', false],
  ])('%s is %s', (expression, applies) => {
    expect(isApplicable(expression, values)).toBe(applies)
  })
})

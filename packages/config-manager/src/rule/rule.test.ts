import { describe, expect, it } from 'vitest'
import { judgeByBinding, judgeBySubstitution, parseRule } from './rule.ts'

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
    ['value > 1', '(\n5)', true],
    ['value["a"] > 1', '{"a": 2}', true],
    ['value["a"] > 1', '{"a": 1}', false],
    ['value[0] == "a"', '["a", "b"]', true],
    ['value[-1] == "a"', '["a", "b"]', false],
    ['value[0][1] == 2', '[[1, 2]]', true],
    ['value[1:] == ["b"] and value[::-1][0] == "c"', '["a", "b", "c"]', false],
    ['value[::-1] == ["b", "a"]', '["a", "b"]', true],
    ['"value"[1:3] == "bc"', 'abcd', true],
    ['len(value) > 0', '{}', false],
    ['len(value) > 0', '{"a": "b"}', true],
    ['"value".startswith("/dev/")', '/dev/ttyS0', true],
    ['"value".startswith(("/dev/", "COM"))', 'COM3', true],
    ['"value".endswith(".csv")', 'a.txt', false],
    ['"value".lower() == "on"', 'ON', true],
    ['"value".strip().upper() in ("A", "B")', ' b ', true],
    ['len("value".split(",")) == 3', 'a,b,c', true],
    ['"value".replace("a", "b") == "bbb"', 'aba', true],
    ['"value".isdigit()', '12', true],
    ['value > 1 if value < 10 else False', '12', false],
    ['True if value is not None else False', 'None', false],
    ['value is None', '5', false],
    ['value in {5, 6}', '6', true],
    ['{"a": 1, "b": 2}.get("value", 0) > 1', 'b', true],
    ['value.get("b", 1) == 1 and "a" in value', '{"a": 2}', true],
    ['value == {"b": 1, "a": 2.0}', '{"a": 2, "b": 1}', true],
    ['sorted(value.keys()) == ["a", "b"]', '{"b": 1, "a": 2}', true],
    ['all([value > 1, value < 9]) and any([False, value == 5])', '5', true],
    ['sum([value, 1]) == 6', '5', true],
    ['isinstance(value, (int, float)) and not isinstance(value, str)', '5', true],
    ['type(value) == list', '[]', true],
    ['str(value) == "5" and value & 4 and ~value == -6', '5', true],
    ['"value" "c" == "abc"', 'ab', true],
    ["len('''value''') == 3", 'a"b', true],
    ['r"value" == "a\\\\b"', 'a\\b', true],
    ['value > 1 # more than one', '1', false],
    ['(1, 2) == [1, 2] or value', 'False', false],
    ['round(value, 2) == 0.12', '0.125', true],
    ['value', 'False', false],
    ['value, ', 'False', true],
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
    ['value === 5', '5'],
    ['sum(value.values()) == 3', '{"a": 1, "b": 2}'],
    ['value > 1 && value < 9', '5'],
    ['!value', '5'],
    ['value', 'true'],
    ['value > 1\nor True', '0'],
    ['(value 5)', '5'],
    ['((value) 5)', '5'],
    ['value["b"]', '{"a": 1}'],
    ['value[3]', '[1]'],
    ['{[]: 1}', '5'],
    ['{value}', '[1]'],
    ['"value".format(5) == 1', '5'],
    ['"value".__class__', '5'],
    ['f"value"', '5'],
    ['open("value")', '5'],
    ['"value" * 99999999 != ""', '5'],
    ['[0] * 99999999 != []', '5'],
    ['value << 99999999', '5'],
    ['sqrt(value) > 1', '-1'],
    ['value ** 999999999 > 1', '9'],
    ['__import__("os").system("x") == value', '5'],
    ['(lambda: value)()', '5'],
    ['value.real > 1', '5'],
    [`${'('.repeat(500)}value`, '5'],
  ])('%s of %j cannot be computed', (rule, value) => {
    expect(judgeBySubstitution(rule, value)).toHaveProperty('error')
  })
})

describe('a rule that is too much', () => {
  it.each([
    ['10,000 terms', `${'value + '.repeat(10_000)}1 > 0`, '5', 'longer than 4096 characters'],
    ['10,000 brackets', '('.repeat(10_000), '5', 'longer than 4096 characters'],
    ['many brackets', `${'('.repeat(300)}value${')'.repeat(300)}`, '5', 'nested too deeply'],
    ['many lists in a value', 'len(value) > 0', '['.repeat(5_000), 'nested too deeply'],
    ['many signs', `${'-'.repeat(300)}value`, '5', 'nested too deeply'],
    ['many nots', `${'not '.repeat(300)}value`, '5', 'nested too deeply'],
    ['many choices', `${'1 if value else '.repeat(250)}1`, '5', 'nested too deeply'],
    ['many powers', `${'1 ** '.repeat(300)}value`, '5', 'nested too deeply'],
    ['a value of many parts', 'len(value) > 0', `[${'1,'.repeat(60_000)}]`, 'more than 50000 parts'],
    ['a value put in often', `${'"b" in "value" or '.repeat(100)}False`, 'a'.repeat(20_000), 'longer than 1048576'],
    ['much text looked through', `${'"b" in "value" * 900 or '.repeat(100)}False`, 'a'.repeat(4_000), 'too much work'],
    ['much text made', `${'"value" * 1000000 and '.repeat(100)}True`, 'a', 'too much work'],
    ['large factors', `${'value ** 6000 * '.repeat(200)}1`, '7', 'too large'],
  ])('%s: is refused, and says why', (_, rule, value, reason) => {
    expect(judgeBySubstitution(rule, value)).toMatchObject({ error: { message: expect.stringContaining(reason) } })
  })

  it.each([
    `${'value + '.repeat(500)}1 > 0`,
    `${'value > 0 and '.repeat(290)}True`,
    `${'0 < '.repeat(600)}value or True`,
    `"value"${'[0]'.repeat(1_000)} == "5"`,
  ])('a long chain that is not too long is computed', (rule) => {
    expect(judgeBySubstitution(rule, '5')).toEqual({ accepted: true })
  })
})

describe('a rule in which the value is a variable', () => {
  it('takes what would break out of its quotes for text', () => {
    const rule = parseRule('"value" == "abc"')
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

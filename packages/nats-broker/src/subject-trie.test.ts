import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLiteral, isValidPattern, SubjectTrie, stepsAtOnce } from './subject-trie.ts'

const item = (subject: string, queue = '') => ({ subject, queue })
type Item = ReturnType<typeof item>

/** A search, and how often it rested; a quick look finds as much, or nothing. */
function match(trie: SubjectTrie<Item>, subject: string) {
  const steps = trie.search(subject)
  for (let rests = 0; ; rests++) {
    const { done, value } = steps.next()
    if (!done) continue
    const quick = trie.quick(subject)
    if (quick) {
      expect(new Set(quick.plain)).toEqual(new Set(value.plain))
      expect(new Set(quick.groups.map((members) => new Set(members)))).toEqual(
        new Set(value.groups.map((members) => new Set(members))),
      )
      expect(quick.groups.flat().length).toBe(value.groups.flat().length)
    } else expect(value.plain.length + value.groups.flat().length + rests * stepsAtOnce).toBeGreaterThan(200)
    return { ...value, rests }
  }
}

test('wildcards stand for one token, and at the end for one or more', () => {
  const trie = new SubjectTrie<{ subject: string; queue: string }>()
  for (const subject of ['a.b', 'a.*', '*.b', 'a.>', '>', 'a', 'a.b.c', '*']) trie.add(item(subject))
  const found = (subject: string) => match(trie, subject).plain.map((one) => one.subject)
  expect(found('a.b').sort()).toEqual(['*.b', '>', 'a.*', 'a.>', 'a.b'])
  expect(found('a').sort()).toEqual(['*', '>', 'a'])
  expect(found('x.y.z')).toEqual(['>'])
  for (const bad of ['a..b', '.a', 'a.', '', 'x..', '.']) expect(found(bad)).toEqual([])
})

test('groups are one by name, even across patterns', () => {
  const trie = new SubjectTrie<{ subject: string; queue: string }>()
  for (const subject of ['a.b', 'a.*', 'a.>']) trie.add(item(subject, 'q'))
  trie.add(item('a.b', 'r'))
  expect(
    match(trie, 'a.b')
      .groups.map((members) => members.length)
      .sort(),
  ).toEqual([1, 3])
})

const token = fc.constantFrom('a', 'b', 'c', '*', '>', '', 'a*')
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'))
const pattern = subject.filter(isValidPattern)
const queue = fc.constantFrom('', '', 'q', 'r')

/** The slow way, straight from the words of the protocol's documentation. */
function reaches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.')
  const given = subject.split('.')
  if (given.includes('')) return false
  if (wanted.at(-1) === '>') {
    const head = wanted.slice(0, -1)
    return given.length > head.length && reachesTokens(head, given.slice(0, head.length))
  }
  return wanted.length === given.length && reachesTokens(wanted, given)
}

function reachesTokens(wanted: string[], given: string[]): boolean {
  return wanted.every((token, index) => token === '*' || token === given[index])
}

test('finds what a slow search finds, through any sequence of adding and removing', () => {
  const step = fc.record({ subject: pattern, queue, remove: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(subject, { maxLength: 10 }), (steps, subjects) => {
      const trie = new SubjectTrie<{ subject: string; queue: string }>()
      let held: { subject: string; queue: string }[] = []
      for (const { remove, ...one } of steps) {
        const known = held.find((other) => other.subject === one.subject && other.queue === one.queue)
        if (remove && known) {
          trie.remove(known)
          held = held.filter((other) => other !== known)
        } else if (remove) {
          trie.remove(one)
        } else {
          const added = { ...one }
          trie.add(added)
          held.push(added)
        }
      }
      expect(trie.size).toBe(held.length)
      for (const sent of subjects) {
        const { plain, groups } = match(trie, sent)
        const wanted = held.filter((one) => reaches(one.subject, sent))
        expect(new Set(plain)).toEqual(new Set(wanted.filter((one) => one.queue === '')))
        expect(plain.length).toBe(new Set(plain).size)
        const names = groups.map((members) => members[0]!.queue)
        expect(names.length).toBe(new Set(names).size)
        for (const members of groups) {
          expect(new Set(members)).toEqual(new Set(wanted.filter((one) => one.queue === members[0]!.queue)))
        }
        expect(groups.flat().length).toBe(wanted.filter((one) => one.queue !== '').length)
      }
      for (const one of held) trie.remove(one)
      expect(trie).toEqual(new SubjectTrie())
    }),
    { numRuns: 500 },
  )
})

test('tells what may be subscribed to and what names one subject', () => {
  for (const good of ['a', '*', '>', 'a.*.>', 'a*b', 'a>']) expect(isValidPattern(good), good).toBe(true)
  for (const bad of ['', 'a..b', '.a', 'a.', 'a.>.b', '>.a']) expect(isValidPattern(bad), bad).toBe(false)
  expect(isLiteral('a.b*')).toBe(true)
  for (const wild of ['a.*', '>', 'a..b']) expect(isLiteral(wild), wild).toBe(false)
})

test('it rests now and then, however many a subject reaches or nearly reaches', () => {
  const many: Record<string, (n: number) => Item> = {
    'the same subject': () => item('a.b'),
    'one group': () => item('a.b', 'q'),
    'a group each': (n) => item('a.b', `q${n}`),
    'patterns that all but match': (n) =>
      item(`${n.toString(2).padStart(12, '0').replaceAll('0', 'a.').replaceAll('1', '*.')}x`),
  }
  for (const [name, make] of Object.entries(many)) {
    const trie = new SubjectTrie<Item>()
    for (let n = 0; n < 4096; n++) trie.add(make(n))
    const nearly = name.startsWith('patterns')
    const { plain, groups, rests } = match(trie, nearly ? `${'a.'.repeat(12)}y` : 'a.b')
    const found = plain.length + groups.reduce((sum, members) => sum + members.length, 0)
    expect({ name, found }).toEqual({ name, found: nearly ? 0 : 4096 })
    expect(rests, name).toBeGreaterThanOrEqual(4096 / stepsAtOnce)
  }
})

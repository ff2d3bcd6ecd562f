import { expect, test } from 'vitest'
import { importCircles } from './import-circles.ts'

const file = (path: string, text: string) => ({ path, text })

test('files that import one another at run time are one circle', () => {
  const files = [
    file('a.ts', "import { b } from './b.ts'"),
    file('b.ts', "export { c } from './c.ts'"),
    file('c.ts', "import './a.ts'"),
    file('d.ts', "import './a.ts'"),
  ]
  expect(importCircles(files, 'run-time')).toEqual([['a.ts', 'b.ts', 'c.ts']])
})

test('an import of types alone is a circle of types, not one at run time', () => {
  const files = [
    file('a.ts', "import { type B } from './b.ts'"),
    file('b.ts', "import { a, type A } from './a.ts'"),
    file('c.ts', "export type D = import('./d.ts').D"),
    file('d.ts', "import type { D } from './c.ts'"),
  ]
  expect(importCircles(files, 'run-time')).toEqual([])
  expect(importCircles(files, 'any')).toEqual([
    ['a.ts', 'b.ts'],
    ['c.ts', 'd.ts'],
  ])
})

test('an import within a function closes a circle too', () => {
  const files = [
    file('a.ts', "export const b = () => import('./sub/b.ts')"),
    file('sub/b.ts', "import { b } from '../a.ts'"),
  ]
  expect(importCircles(files, 'run-time')).toEqual([['a.ts', 'sub/b.ts']])
})

test('text that only looks like an import is none', () => {
  const files = [file('a.ts', "const text = `import './b.ts'`"), file('b.ts', "import './a.ts'")]
  expect(importCircles(files, 'any')).toEqual([])
})

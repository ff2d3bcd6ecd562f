import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wat } from '../../test/wat.ts'
import { kernelCode } from './kernel-code.ts'

test('the compiled kernel is what its text says', () => {
  const compiled = wat(readFileSync(join(import.meta.dirname, 'kernel.wat'), 'utf8'))
  expect(Buffer.from(compiled).toString('base64')).toBe(kernelCode)
})

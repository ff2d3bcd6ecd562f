import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { replay, type VectorCase } from './replay.ts'

const folder = new URL('./vectors/', import.meta.url)

describe.each(readdirSync(folder))('recorded Fledge answers: %s', (file) => {
  const text = gunzipSync(readFileSync(new URL(file, folder))).toString('utf8')
  const cases = text.split('\n').filter(Boolean)

  it(`replays ${cases.length} cases equal`, { timeout: 60_000 }, async () => {
    const differences: string[] = []
    for (const line of cases) differences.push(...(await replay(JSON.parse(line) as VectorCase)))
    expect(differences).toEqual([])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manifestIssues, parseManifest, parseManifestText } from './index.ts'

const issuesOf = (value: unknown) => manifestIssues(value).map(({ path, message }) => `${path}: ${message}`)

describe('parseManifest', () => {
  it('takes the smallest manifest and keeps what it does not know', () => {
    expect(parseManifest({ id: 'x', author: 'me' })).toEqual({ id: 'x', author: 'me' })
  })

  it('names each issue by its path, says what is wrong and what would be right', () => {
    const broken = {
      id: 'x/y',
      entry_point: '../../etc/passwd.js',
      functions: [{ description: 5 }, { name: 'ok', stream: 'both' }],
      limits: { timeout_ms: 0, memory: 5 },
      labels: { a: 1 },
    }
    expect(issuesOf(broken)).toEqual([
      "id: must match ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$, but is 'x/y'",
      expect.stringMatching(/^entry_point: must match .*, but is '..\/..\/etc\/passwd.js'$/),
      "functions[0]: 'name' is missing; add it",
      'functions[0].description: must be string, but is 5',
      "functions[1].stream: must be one of items, progress, but is 'both'",
      "limits: 'memory' is not known here; remove it or correct its spelling",
      'limits.timeout_ms: must be >= 1, but is 0',
      'labels.a: must have one of the allowed forms, but is 1',
    ])
    expect(() => parseManifest(broken, { folder: 'x' })).toThrow(
      expect.objectContaining({ code: 'BP_MANIFEST_INVALID', message: expect.stringContaining("The manifest of 'x'") }),
    )
  })

  it('reads a Device Connect folder: the folder names it, capability.py is the entry, null means absent', () => {
    const given = { class_name: 'Hello', description: null, dependencies: { python: ['requests>=2'] } }
    expect(parseManifest(given, { folder: 'hello' })).toEqual({
      id: 'hello',
      class_name: 'Hello',
      entry_point: 'capability.py',
      dependencies: { python: ['requests>=2'] },
    })
  })

  it('reads a Device Connect docker manifest as a sidecar', () => {
    const given = { type: 'docker', id: 'cam', image: 'cam:1', port: 9000, env: { A: 'b' }, version: '1.0.0' }
    expect(parseManifest(given)).toEqual({
      id: 'cam',
      version: '1.0.0',
      runtime: 'sidecar',
      sidecar: { image: 'cam:1', port: 9000, env: { A: 'b' } },
    })
  })

  it('refuses text that is no JSON, and JSON that is no object', () => {
    expect(() => parseManifestText('{"id":', { folder: 'x' })).toThrow(/not valid JSON/)
    expect(() => parseManifestText('[1]')).toThrow(/must be object, but is an array/)
    expect(parseManifestText('\uFEFF{"id":"x"}')).toEqual({ id: 'x' })
  })

  it('gives a manifest or BP_MANIFEST_INVALID for any JSON at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          expect(parseManifest(value).id).toMatch(/^[A-Za-z0-9]/)
        } catch (error) {
          expect(error).toMatchObject({ code: 'BP_MANIFEST_INVALID' })
        }
      }),
    )
  })
})

/**
 * The example provider and the example ruleset under Go hosts: stock go-plugin with the messages of terraform-plugin-go
 * and the values of go-cty, and the host's side of tflint's own SDK.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { interop } from '../harness.ts'
import { build } from './build.ts'

const execute = promisify(execFile)
const example = (path: string) => join(import.meta.dirname, '../../examples', path)

// Their first line asks for `node` by PATH: the one that runs this.
const path = `${join(process.execPath, '..')}:${process.env.PATH}`
const run = (command: string, args: string[]) =>
  execute(command, args, { timeout: 60_000, env: { ...process.env, PATH: path } })

const module = `
resource "notes_note" "good" {
  name = "good-name"
}
resource "notes_note" "bad" {
  name = var.bad
}
resource "notes_note" "secret" {
  name = var.secret
}
resource "notes_note" "unknown" {
  name = var.unknown
}
resource "notes_note" "none" {
  name = var.none
}
resource "other_note" "bad" {
  name = var.bad
}
`

await interop('terraform', async ({ check, scratch, tool }) => {
  const hosts = await build(tool('go'))

  let lines: { name: string; ok: boolean; detail?: string }[] = []
  await check('the provider runs to its end', async () => {
    const provider = example('terraform-provider/bin/terraform-provider-notes')
    const { stdout } = await run(hosts.provider, [join(scratch(), 'notes'), provider])
    lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(lines.length, 16)
  })
  for (const { name, ok, detail } of lines) await check(`the provider ${name}`, () => assert.ok(ok, detail))

  await check('the ruleset answers tflint, and emits an issue through its callbacks', async () => {
    const folder = join(scratch(), 'module')
    mkdirSync(folder)
    writeFileSync(join(folder, 'main.tf'), module)
    const { stdout } = await run(hosts.ruleset, [folder, example('tflint-ruleset/bin/tflint-ruleset-notes')])
    const { issues, ...facts } = JSON.parse(stdout)
    assert.deepEqual(facts, {
      name: 'notes',
      version: '0.1.0',
      rules: ['notes_note_name'],
      constraints: '>= 0.46',
      sdk: '0.25.0',
      issues_when_off: [],
    })
    assert.equal(issues.length, 1)
    const { rule, severity, message, where } = issues[0]
    assert.deepEqual([rule, severity, where], ['notes_note_name', 'Error', 'main.tf:6,10-17'])
    assert.match(message, /"Not a name"/)
  })
})

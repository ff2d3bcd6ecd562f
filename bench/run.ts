/**
 * `npm run bench [-- NAME…] [--json] [--write] [--null]`: runs the benchmarks, each file in a process of its own.
 *
 * `--json` prints one line per row; `--write` puts the figures into `bench/README.md`; `--null` runs ours against
 * itself.
 */
import { fork } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Figures, measure, type Outcome, type Row } from './harness.ts'

const here = import.meta.dirname
const readme = join(here, 'README.md')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    null: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
})

if (values.child === undefined) await parent()
else await child(values.child)

async function child(name: string): Promise<void> {
  const module = (await import(`./${name}.bench.ts`)) as { rows: Row[] | (() => Promise<Row[]>) }
  const rows = typeof module.rows === 'function' ? await module.rows() : module.rows
  for (const row of rows) {
    const outcome = await measure(name, row, { nullTest: values.null })
    await new Promise((sent) => process.send!(outcome, sent))
  }
  process.disconnect()
}

async function parent(): Promise<void> {
  const known = readdirSync(here)
    .flatMap((file) => (file.endsWith('.bench.ts') ? [file.slice(0, -'.bench.ts'.length)] : []))
    .sort()
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`No benchmark named ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
    process.exit(2)
  }
  const outcomes: Outcome[] = []
  const failed: string[] = []
  if (!values.json) console.log(`${machine()}\n`)
  for (const name of positionals.length > 0 ? positionals : known) {
    const code = await run(name, (outcome) => {
      outcomes.push(outcome)
      console.log(values.json ? JSON.stringify(line(outcome)) : text(outcome))
    })
    if (code !== 0) failed.push(name)
  }
  if (values.write && !values.null) write(outcomes)
  if (failed.length > 0) {
    console.error(`These benchmarks ended in an error: ${failed.join(', ')}.`)
    process.exitCode = 1
  }
}

function run(name: string, report: (outcome: Outcome) => void): Promise<number | null> {
  const args = ['--child', name, ...(values.null ? ['--null'] : [])]
  const execArgv = ['--conditions=@backplane/source', '--expose-gc']
  const process_ = fork(import.meta.filename, args, { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
  process_.on('message', (message) => report(message as Outcome))
  return new Promise((resolve) => process_.on('close', resolve))
}

function line({ bench, case: what, unit, ours, baseline, peer, ratio, spread, notes }: Outcome) {
  const p99 = { ours: round(ours.p99), baseline: round(baseline?.p99), peer: round(peer?.p99) }
  return {
    bench,
    case: what,
    unit,
    ours: round(ours.p50),
    baseline: round(baseline?.p50),
    peer: round(peer?.p50),
    ratio: round(ratio ?? undefined),
    p99,
    spread: spread?.map((bound) => round(bound)) ?? null,
    notes,
  }
}

function text(outcome: Outcome): string {
  const { bench, case: what, unit, bar, ours, baseline, peer, notes } = outcome
  const columns = [
    `ours ${show(ours)}`,
    `baseline ${show(baseline)}`,
    `peer ${show(peer)}`,
    `ratio ${ratioOf(outcome)}`,
  ]
  const lines = [`${bench}: ${what} [${unit}]${bar ? `   bar: ${bar}` : ''}`, `    ${columns.join('   ')}`]
  return [...lines, ...notes.map((note) => `    no ${note}`)].join('\n')
}

function show(figures: Figures | null): string {
  return figures ? `${round(figures.p50)} / ${round(figures.p99)}` : '-'
}

function ratioOf({ ratio, spread }: Outcome): string {
  return ratio === null || spread === null ? '-' : `${round(ratio)} (${round(spread[0])} to ${round(spread[1])})`
}

/** Three significant digits; large numbers whole. */
function round(value: number | undefined): number | null {
  if (value === undefined) return null
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3))
}

function machine(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `Node ${process.versions.node}, ${cores.length} x ${cores[0]?.model.trim()}, ${memory} GiB, ${process.platform}`
}

/** Replaces the rows of the benchmarks that ran in the table of `bench/README.md`; the others stay. */
function write(outcomes: readonly Outcome[]): void {
  const [open, close] = ['<!-- figures -->', '<!-- /figures -->']
  const old = readFileSync(readme, 'utf8')
  const [before, rest = ''] = old.split(open)
  const [table = '', after = ''] = rest.split(close)
  const ran = new Set(outcomes.map(({ bench }) => bench))
  const kept = table.split('\n').filter((row) => row.startsWith('| `') && !ran.has(row.split('`')[1] ?? ''))
  const day = new Date().toISOString().slice(0, 10)
  const added = outcomes.map((outcome) => {
    const { bench, case: what, unit, bar = '', ours, baseline, peer } = outcome
    const cells = [`\`${bench}\``, what, unit, show(ours), show(baseline), show(peer), ratioOf(outcome), bar, day]
    return `| ${cells.join(' | ')} |`
  })
  const head = [
    `Last written on: ${machine()}.`,
    '',
    '| bench | case | unit | ours p50 / p99 | baseline | peer | ratio (spread) | bar | measured |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  const rows = [...kept, ...added].sort((a, b) =>
    a.split('`')[1]! < b.split('`')[1]! ? -1 : a.split('`')[1]! > b.split('`')[1]! ? 1 : 0,
  )
  writeFileSync(readme, `${before}${open}\n${[...head, ...rows].join('\n')}\n${close}${after}`)
}

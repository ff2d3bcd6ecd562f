/** What every step of `.ci/run` that consists of checks leaves under `reports/`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What became of one check. */
export interface CheckResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** How long it took. */
  readonly ms?: number
  /** Why it failed or was skipped. */
  readonly detail?: string
}

/** A report of checks, with their sums. */
export interface Report {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly checks: readonly CheckResult[]
}

/** Sums checks up, and writes the report where `path` says. */
export function writeReport(path: string, name: string, checks: readonly CheckResult[]): Report {
  const count = (outcome: CheckResult['outcome']) => checks.filter((check) => check.outcome === outcome).length
  const report = { name, passed: count('passed'), failed: count('failed'), skipped: count('skipped'), checks }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`)
  return report
}

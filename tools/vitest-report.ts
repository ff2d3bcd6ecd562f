/** A vitest reporter that leaves the report of a step of `.ci/run` at the path in `BACKPLANE_REPORT`. */
import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { type CheckResult, writeReport } from './report.ts'
import { root } from './workspace.ts'

/**
 * Tests are checks, and so is whatever else makes a run fail: a file that could not be collected, and an error outside
 * of any test (a process that crashed takes the tests that it had still to run with it, and fails none of them).
 */
// biome-ignore lint/style/noDefaultExport: how vitest finds a reporter in a file
export default class VitestReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const checks = [...modules.flatMap(checksOf), ...unhandled.map(crash)]
    writeReport(process.env.BACKPLANE_REPORT!, 'tests', checks)
  }
}

function checksOf(module: TestModule): CheckResult[] {
  const file = relative(root, module.moduleId)
  const tests = [...module.children.allTests()].map((test): CheckResult => {
    const { state, errors } = test.result()
    const name = `${file}: ${test.fullName}`
    return state === 'pending'
      ? { name, outcome: 'failed', detail: 'it did not come to its end' }
      : { name, outcome: state, ...reason(errors) }
  })
  const broken = module.errors().map((error): CheckResult => ({ name: file, outcome: 'failed', ...reason([error]) }))
  return [...tests, ...broken]
}

function crash(error: SerializedError): CheckResult {
  return { name: 'an error outside of any test', outcome: 'failed', ...reason([error]) }
}

function reason(errors: readonly SerializedError[] | undefined): { detail?: string } {
  return errors?.length ? { detail: errors.map(textOf).join('\n') } : {}
}

function textOf({ message, cause }: SerializedError): string {
  return cause ? `${message} (${textOf(cause)})` : message
}

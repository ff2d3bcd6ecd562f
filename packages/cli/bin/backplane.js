#!/usr/bin/env node
// Plain JavaScript that old Nodes can read, so that they can say what is missing. In a checkout the command runs from
// source, with nothing built; the published package has only what was built.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// NO_COLOR counts; Node would warn of each of its processes that both are set.
if (process.env.NO_COLOR) delete process.env.FORCE_COLOR

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const source = new URL('../src/main.ts', import.meta.url)
// The published package brings its source along for debuggers, and runs what was built.
const isCheckout = existsSync(new URL('../tsup.config.ts', import.meta.url))
const condition = '--conditions=@backplane/source'

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`backplane needs Node 22.19 or later; this is ${process.versions.node}.
Next: install a current Node. In a checkout, \`npx backplane\` brings its own.
`)
  process.exitCode = 1
} else if (!isCheckout) {
  await import('../dist/main.js')
} else {
  const args = [condition, '--disable-warning=ExperimentalWarning', fileURLToPath(source), ...process.argv.slice(2)]
  // The condition must hold in worker threads too, which a hook in this process would not reach.
  if (process.execve && process.platform !== 'win32') {
    process.execve(process.execPath, [process.execPath, ...args], process.env)
  } else {
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('exit', (code, signal) => {
      process.exitCode = signal === null ? code : 1
    })
  }
}

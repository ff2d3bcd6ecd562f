import { execFile } from 'node:child_process'
import { type Dirent, readdirSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where source text cannot be read as code. */
export interface SyntaxFault {
  /** File and line, the file within the plugin's folder. */
  readonly place: string
  /** The line, and carets below the part that is wrong. */
  readonly excerpt: string
}

const checked: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs'])
/** A plugin with more files, or deeper ones, is looked at in part. */
const mostFiles = 100
const deepest = 4
const checkTimeoutMs = 5_000
/** Then the search ends, with what it has found: a plugin that does not load is not to keep its host waiting. */
const searchMs = 10_000
const atOnce = 4

/**
 * Finds the file of a plugin that holds a syntax error. V8 tells no place of one in an ES module; `node --check` does,
 * for the entry first, then for the other files of its folder. Gives nothing where no file has an error with this
 * message.
 */
export async function syntaxFault(entry: string, message: string): Promise<SyntaxFault | undefined> {
  const file = fileURLToPath(entry)
  const folder = fileURLToPath(new URL('.', entry))
  const files = [file, ...scriptsUnder(folder).filter((other) => other !== file)].slice(0, mostFiles)
  const until = performance.now() + searchMs
  for (let at = 0; at < files.length && performance.now() < until; at += atOnce) {
    const faults = await Promise.all(files.slice(at, at + atOnce).map((one) => check(one, folder, message)))
    const found = faults.find((fault) => fault !== undefined)
    if (found) return found
  }
  return undefined
}

function scriptsUnder(folder: string, depth = 0): readonly string[] {
  if (depth > deepest) return []
  return entriesOf(folder).flatMap((one) => {
    const path = join(folder, one.name)
    if (one.isDirectory())
      return one.name === 'node_modules' || one.name.startsWith('.') ? [] : scriptsUnder(path, depth + 1)
    return one.isFile() && checked.has(extname(one.name)) ? [path] : []
  })
}

/** A folder that cannot be read is passed over. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function check(file: string, folder: string, message: string): Promise<SyntaxFault | undefined> {
  const options = { timeout: checkTimeoutMs, env: {} }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], options, (error, _, said) => {
      const [, line, excerpt] = /^(?:file:\/\/)?[^\n]*:(\d+)\n([^\n]*\n[ \t]*\^+)/m.exec(said) ?? []
      if (!error || line === undefined || excerpt === undefined || !said.includes(message)) resolve(undefined)
      else resolve({ place: `${relative(folder, file)}:${line}`, excerpt })
    })
  })
}

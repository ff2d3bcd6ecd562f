import { pathToFileURL } from 'node:url'

/**
 * Where the thread's own code is: beside this package's, in the form (source, ESM, CommonJS) that this package runs in.
 */
export const threadPlace = placeOf(typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url)

function placeOf(here: string): { readonly url: URL; readonly execArgv?: string[] } {
  // Source: siblings must resolve to theirs, even where this thread's own loader is not Node's (a test runner).
  if (here.endsWith('.ts')) return { url: new URL('../thread.ts', here), execArgv: ['--conditions=@backplane/source'] }
  return { url: new URL(here.endsWith('.cjs') ? './thread.cjs' : './thread.js', here) }
}

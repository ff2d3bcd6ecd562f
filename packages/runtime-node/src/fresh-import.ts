import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Gives a function that imports a module again each time. Node never frees an imported ES module, so each call leaks
 * the module (nodejs/node#49442), and what it imports itself stays cached: for trusted code and tests only.
 */
export function freshImport(): (url: string) => Promise<unknown> {
  let version = 0
  return (url) => {
    const require = createRequire(url)
    delete require.cache[fileURLToPath(url)]
    return import(/* @vite-ignore */ `${url}?backplane=${Date.now()}.${version++}`)
  }
}

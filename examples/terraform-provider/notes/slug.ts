/** `provider::notes::slug`: makes a name of a note from a title. */
import { Problem } from '../diagnostics.ts'
import type { ProviderFunction } from '../provider.ts'

export const slug: ProviderFunction = {
  signature: {
    summary: 'Makes a name from a title',
    description: 'Lower-case letters and digits, joined by hyphens: "To do, today" becomes "to-do-today".',
    parameters: [{ name: 'title', type: 'string', description: 'Any text with a letter or digit in it.' }],
    returns: 'string',
  },
  call(title) {
    const plain = String(title).normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '')
    const name = plain
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-/, '')
      .slice(0, 64)
      .replace(/-$/, '')
    if (name === '')
      throw new Problem('No name can be made', `"${title}" has no letter from a to z and no digit.`, 'title')
    return name
  },
}

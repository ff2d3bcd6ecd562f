import { decodeScript, encodeScript } from '../script.ts'
import type { ItemKind } from './kind.ts'
import { freeText, textOf } from './text.ts'

/** `script`: a text that is kept in hexadecimal form. */
export const scriptKind: ItemKind = {
  ...freeText,
  typed: (text) => {
    const decoded = decodeScript(text)
    return 'text' in decoded ? decoded.text : text
  },
  text: (value) => (typeof value === 'string' ? encodeScript(value) : textOf(value)),
  schema: () => ({ type: 'string', contentMediaType: 'text/x-python' }),
  widget: 'upload',
}

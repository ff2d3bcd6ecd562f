import { BackplaneError } from '@backplane/core'
import { lenientReplacer } from '@backplane/core/json'

/**
 * Characters that would move a terminal's cursor, change its colours, turn its text around or hide in it: controls (C0,
 * C1), format characters (marks of bidirectional text, tags, soft hyphens, invisible operators), the separators of
 * lines and paragraphs, and halves of surrogate pairs. The line feed is looked at by itself, and joiners stay: words of
 * many languages and emoji need them.
 */
const unsafe = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Text with what is not visible written as an escape, as in JSON; line feeds stay. */
function plainText(text: string): string {
  return text.replace(unsafe, escaped)
}

function escaped(characters: string): string {
  return characters
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

/**
 * Text that may be printed: the only thing that a {@link Reporter} takes. Our own words are the literal parts of
 * {@link shown}; whatever is put between them may be anybody's (a plugin's, a device's, a folder's name), so it cannot
 * obey a terminal and cannot begin a line of its own.
 */
export class Shown {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }

  /** Our own words, with anybody's text between them. What is {@link Shown} already goes in as it is. */
  static of(words: readonly string[], ...values: readonly (Shown | string | number)[]): Shown {
    const parts = words.map((word, at) => {
      const value = at < values.length ? values[at]! : ''
      return word + (value instanceof Shown ? value.#text : plainText(String(value)).replaceAll('\n', '\\n'))
    })
    return new Shown(parts.join(''))
  }

  /** Anybody's text of several lines: each after the first begins with a bar, so that none passes for one of ours. */
  static block(text: string): Shown {
    return new Shown(plainText(text.trimEnd()).replaceAll('\n', '\n  | '))
  }

  /**
   * Anybody's text of several lines as it is, for a result that is nothing else: a document, the output of a module.
   * Not for text beside other words, which it could imitate.
   */
  static whole(text: string): Shown {
    return new Shown(plainText(text))
  }

  /** Parts put together with our own words between them. */
  static join(parts: readonly (Shown | string)[], between: string): Shown {
    return new Shown(parts.map((part) => Shown.of`${part}`.#text).join(between))
  }

  /** As one line of JSON; bytes are in base64, integers have all their digits, `NaN` and infinities are text. It reads back as what
   * it was. */
  static json(value: unknown): Shown {
    const text = JSON.stringify(value, function (this: Record<string, unknown>, key, one) {
      if (one instanceof Uint8Array) return Buffer.from(one).toString('base64')
      // An error of ours has been made plain already, without what caused it.
      const given = this[key]
      return given instanceof Error ? plainError(given) : lenientReplacer(key, one)
    })
    return new Shown(plainText(text ?? 'null'))
  }

  /** Spaces up to a width, for columns. */
  padded(width: number): Shown {
    return new Shown(this.#text.padEnd(width))
  }

  get width(): number {
    return this.#text.length
  }
}

/** {@link Shown.of}, as a tag: shown`Loaded ${id}`. */
export const shown = Shown.of

function plainError(error: Error): object {
  const { message, stack, cause } = error
  const why = cause instanceof Error ? { cause } : {}
  if (error instanceof BackplaneError) return { ...error.toJSON(), ...why }
  return { ...('code' in error ? { code: error.code } : {}), message, stack, ...why }
}

/** A word of a command line that a shell takes as it is, whatever it holds; quoted only where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

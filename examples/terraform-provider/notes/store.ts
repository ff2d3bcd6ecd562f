/** The service that the provider manages: notes, each a JSON file of a folder. */
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Problem } from '../diagnostics.ts'

export interface Note {
  readonly text: string
  readonly tags: Readonly<Record<string, string>> | null
  /** When it was written last, in ISO form. */
  readonly modified: string
}

/** Names are names of files, so nothing that leads out of the folder is one. */
export function isName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/.test(name)
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export class NoteStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = resolve(folder)
  }

  pathOf(name: string): string {
    if (!isName(name)) throw badName(name)
    return join(this.#folder, `${name}.json`)
  }

  /** Reads a note, `undefined` when there is none. */
  async read(name: string): Promise<Note | undefined> {
    const path = this.pathOf(name)
    const content = await readFile(path, 'utf8').catch(absent)
    if (content === undefined) return undefined
    try {
      const { text, tags, modified } = JSON.parse(content) as Note
      if (typeof text === 'string' && typeof modified === 'string') return { text, tags: tags ?? null, modified }
    } catch {
      // It is not JSON: told below.
    }
    throw new Problem('The file holds no note', `${path} is not as this provider writes it. Mend it or move it away.`)
  }

  /** Writes a note whole or not at all; a new one must not exist yet. */
  async write(name: string, content: Omit<Note, 'modified'>, { isNew }: { isNew: boolean }): Promise<Note> {
    const path = this.pathOf(name)
    const note = { ...content, modified: new Date().toISOString() }
    await mkdir(this.#folder, { recursive: true })
    const draft = join(this.#folder, `.${randomUUID()}`)
    try {
      await writeFile(draft, `${JSON.stringify(note, null, 2)}\n`)
      await (isNew ? link(draft, path) : rename(draft, path))
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
      throw new Problem('The note exists already', `${path} is there. Import it, or choose another name.`, 'name')
    } finally {
      await rm(draft, { force: true })
    }
    return note
  }

  async delete(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true })
  }
}

export function badName(name: string): Problem {
  const detail = `"${name}" may have lower-case letters, digits and, inside, hyphens; at most 64 of them.`
  return new Problem('This is no name of a note', detail, 'name')
}

function absent(thrown: unknown): undefined {
  if (codeOf(thrown) !== 'ENOENT') throw thrown
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}

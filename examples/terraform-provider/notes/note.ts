/** `notes_note`, as a resource and as a data source. */
import { type Unknown, unknown } from '../cty.ts'
import { Problem } from '../diagnostics.ts'
import type { DataSource, Resource } from '../provider.ts'
import type { Attribute } from '../schema.ts'
import { badName, isName, type Note, type NoteStore, sha256 } from './store.ts'

type NoteState = {
  readonly name: string | Unknown
  readonly text: string | Unknown | null
  readonly tags: Readonly<Record<string, string | Unknown>> | Unknown | null
  readonly path: string | Unknown | null
  readonly sha256: string | Unknown | null
  readonly modified: string | Unknown | null
}

const name: Attribute = { type: 'string', required: true, description: 'Names the note; another name is another note.' }
const text: Attribute = { type: 'string', description: 'What the note says.' }
const tags: Attribute = { type: ['map', 'string'], description: 'Words about the note.' }
const computed: Readonly<Record<string, Attribute>> = {
  path: { type: 'string', computed: true, description: 'The file of the note.' },
  sha256: { type: 'string', computed: true, description: 'The SHA-256 of its text, in hexadecimal.' },
  modified: { type: 'string', computed: true, description: 'When it was written last, in ISO 8601.' },
}

export const noteResource: Resource<NoteState, NoteStore> = {
  schema: {
    version: 1,
    description: 'A note, kept as a file.',
    attributes: { name, text: { ...text, required: true }, tags: { ...tags, optional: true }, ...computed },
  },
  validate,
  upgrade(state) {
    // Version 0 called the text `content` and had no tags.
    const { content, ...rest } = state
    return { ...rest, text: content ?? null }
  },
  plan(prior, proposed, store) {
    const known = {
      ...proposed,
      path: store && typeof proposed.name === 'string' ? store.pathOf(proposed.name) : unknown,
      sha256: typeof proposed.text === 'string' ? sha256(proposed.text) : unknown,
    }
    const stays =
      prior !== null && (['text', 'tags', 'path', 'sha256'] as const).every((at) => same(prior[at], known[at]))
    const planned = { ...known, modified: stays ? prior.modified : unknown }
    return { planned, replaces: prior !== null && !same(prior.name, proposed.name) ? ['name'] : [] }
  },
  create: (planned, store) => write(planned, store, true),
  update: (planned, store) => write(planned, store, false),
  async delete(state, store) {
    await store.delete(state.name as string)
  },
  async read(state, store) {
    const note = await store.read(state.name as string)
    return note ? stateOf(state.name as string, note, store) : null
  },
  import: find,
}

export const noteDataSource: DataSource<NoteState, NoteStore> = {
  schema: {
    description: 'A note that is there already.',
    attributes: { name, text: { ...text, computed: true }, tags: { ...tags, computed: true }, ...computed },
  },
  validate,
  read: (config, store) => find(config.name as string, store),
}

function* validate(config: NoteState): Iterable<Problem> {
  if (typeof config.name === 'string' && !isName(config.name)) yield badName(config.name)
}

async function find(wanted: string, store: NoteStore): Promise<NoteState> {
  const note = await store.read(wanted)
  if (note) return stateOf(wanted, note, store)
  throw new Problem('There is no such note', `${store.pathOf(wanted)} does not exist. Check the name.`, 'name')
}

async function write(planned: NoteState, store: NoteStore, isNew: boolean): Promise<NoteState> {
  // At apply all that the configuration says is known.
  const content = { text: planned.text, tags: planned.tags } as Omit<Note, 'modified'>
  return stateOf(planned.name as string, await store.write(planned.name as string, content, { isNew }), store)
}

function stateOf(noteName: string, note: Note, store: NoteStore): NoteState {
  return { name: noteName, ...note, path: store.pathOf(noteName), sha256: sha256(note.text) }
}

/** Whether two values are equal; what is not known yet equals nothing. */
function same(left: NoteState['tags' | 'text'], right: NoteState['tags' | 'text']): boolean {
  if (left === unknown || right === unknown) return false
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right
  const [a, b] = [Object.entries(left), Object.entries(right)]
  return a.length === b.length && a.every(([key, value]) => value === new Map(b).get(key) && value !== unknown)
}

/**
 * The provider `notes`: keeps notes as files of a folder. Terraform and OpenTofu start it through
 * `bin/terraform-provider-notes`.
 */
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { unknown } from './cty.ts'
import { Problem } from './diagnostics.ts'
import { noteDataSource, noteResource } from './notes/note.ts'
import { slug } from './notes/slug.ts'
import { NoteStore } from './notes/store.ts'
import { handshake, Provider } from './protocol.ts'
import { provider } from './provider.ts'

const notes = provider({
  schema: {
    description: 'Notes, kept as files.',
    attributes: { folder: { type: 'string', required: true, description: 'Where the notes are.' } },
  },
  *validate({ folder }) {
    if (folder === '') yield new Problem('The folder has no name', 'Give the path of a folder.', 'folder')
  },
  configure: ({ folder }) => (folder === unknown ? undefined : new NoteStore(folder as string)),
  resources: { notes_note: noteResource },
  dataSources: { notes_note: noteDataSource },
  functions: { slug },
})

await servePlugin({ handshake, plugins: { provider: implement(Provider, notes) } })

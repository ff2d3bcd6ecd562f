/**
 * Configuration and secrets in files: atomic, synced, one writer.
 *
 * @packageDocumentation
 */
export { type FileSecretsInit, fileSecrets } from './file-secrets.ts'
export { type FileStore, type FileStoreInit, fileStore } from './file-store.ts'
export type { FileSystem, OpenFile } from './file-system.ts'

/**
 * Configuration in a SQLite database, by the `node:sqlite` that Node brings.
 *
 * @packageDocumentation
 */
export { type SqliteConfigStore, sqliteStore } from './sqlite-store.ts'

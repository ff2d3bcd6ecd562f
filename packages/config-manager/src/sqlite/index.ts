/**
 * Configuration in a SQLite database, by the `node:sqlite` that Node brings.
 *
 * @packageDocumentation
 */
export { sqliteStore } from './sqlite-store.ts'

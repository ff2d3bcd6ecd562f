/**
 * FogLAMP/Fledge configuration, live and transactional: categories of typed items, merged on registration, changed
 * while everything runs, and never half way.
 *
 * The categories, items and texts of Fledge at the edge, TypeScript types inside. A change is checked as a whole
 * (everything that is wrong is told at once), put to those concerned, written atomically, applied, and taken back where
 * it cannot be. It stands alone, and is what `createHost({ config })` of `@backplane/core` takes.
 *
 * @packageDocumentation
 */
export type { AuditEntry } from './audit.ts'
export type { CategorySummary, ListOptions } from './browse.ts'
export type { Provenance } from './category.ts'
export { type ConfigCommandComponents, configUsage, runConfigCommand } from './commands.ts'
export type { CategoryFacts, CategoryPast, ConfigCondition, ConfigManager } from './contract.ts'
export {
  type ElementType,
  elementTypes,
  type Item,
  type ItemDefinition,
  type ItemDefinitions,
  type ItemType,
  itemTypes,
  manualOption,
} from './definition.ts'
export {
  chosen,
  type Discovered,
  type Discovery,
  type DiscoveryComponents,
  type DiscoveryInit,
  discoveredItems,
  discovery,
} from './discovery.ts'
export { type ConfigErrorCode, configErrorCatalogue } from './errors.ts'
export type { ChangeOrigin, ConfigEvent, ConfigEventKind } from './event.ts'
export type { ConfigIssue, FledgeFailure } from './findings.ts'
export type { LinkOptions } from './hierarchy.ts'
export type { TypedValue } from './kinds/kind.ts'
export { type ConfigManagerComponents, type ConfigManagerInit, configManager } from './manager.ts'
export { type MemoryStoreInit, memoryStore, type SharedMemory, sharedMemory } from './memory-store.ts'
export { type Migration, type MigrationValues, renamed } from './migrate.ts'
export type { ConfigListener, ListenerOptions } from './observers.ts'
export type { ChangeOptions, ChangePreview, ChangeResult, ConfigActor, ItemDifference } from './options.ts'
export type { ConfigMode } from './policy.ts'
export type { NeedsAttention } from './recheck.ts'
export type { RegisterOptions, RegisterResult } from './register.ts'
export type { SubscriptionScope } from './scope.ts'
export { memorySecrets, type SecretStore } from './secrets.ts'
export type { ConfigSnapshot, ImportResult, SnapshotDifference } from './snapshot.ts'
export type { CategorySnapshot } from './snapshot-category.ts'
export type { ConfigParticipant, Delivery, ParticipantOptions } from './subscriptions.ts'
export { type Config, category, type TypedValues, type ValueOf } from './typed.ts'

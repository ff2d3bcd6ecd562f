/**
 * JSON Schema and UI schema of a configuration category, so that forms can be generated.
 *
 * @packageDocumentation
 */
export { itemSchema, jsonSchemaOf } from './json-schema.ts'
export { type UiControl, type UiElement, type UiRule, uiSchemaOf } from './ui-schema.ts'

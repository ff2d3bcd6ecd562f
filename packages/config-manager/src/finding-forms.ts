import { definitionForms } from './definition-forms.ts'
import { valueForms } from './value-forms.ts'

/**
 * Every finding that the engine can make, in our words and in upstream's. Class and text of the latter are those of
 * Fledge 3.1's `configuration_manager.py`, oddities included: they are what `strict-fledge` answers.
 */
export const findingForms = { ...definitionForms, ...valueForms }

/** The code of a finding. */
export type FindingCode = keyof typeof findingForms

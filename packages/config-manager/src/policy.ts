import { coreError } from '@backplane/core'

/**
 * How far a mode follows Fledge's Python manager, one choice a line. The engine asks; it never asks which mode it is
 * in.
 */
export interface Policy {
  readonly mode: ConfigMode
  /** Ends a check at its first finding instead of reporting all. */
  readonly firstFindingOnly: boolean
  /** `either`: IPv4 items take IPv6 addresses and the reverse. */
  readonly addressFamilies: 'either' | 'own'
  /** `kept`: integers stay as they were typed (`" 5 "`, `1_000`); `canonical`: plain decimal only. */
  readonly integerText: 'kept' | 'canonical'
  /** Whether defaults must keep the limits, lengths and options that values must keep. */
  readonly defaultsKeepLimits: boolean
  /** `substituted`: a value is put into a rule's text; `bound`: `value` is a variable. */
  readonly rules: 'substituted' | 'bound'
  /** `literal`: Python literals, and kvlists that cannot hold `,` or `:`; `json`: JSON, whole. */
  readonly lists: 'literal' | 'json'
  /** The checks of a single change, in order, and those of a change of several values. */
  readonly singleChecks: readonly CheckName[]
  readonly bulkChecks: readonly CheckName[]
  /**
   * Compares the text as given with the value in force before anything is checked, rather than the canonical one after.
   */
  readonly comparesRawText: boolean
  /** Whether a registration that changes nothing but the description is written. */
  readonly descriptionAloneCounts: boolean
  /** Whether a value that nobody set follows a changed default. */
  readonly untouchedFollowDefault: boolean
  /** Whether an enumeration with the option `Manual` keeps the options that discovery offered before. */
  readonly keepsOfferedOptions: boolean
  /** Whether a kept value that no longer fits its definition is found and reported. */
  readonly rechecksKept: boolean
  /**
   * `kept`: a stored category that no longer passes its own checks stays as it is; `replaced`: the new definition takes
   * over, with a backup.
   */
  readonly corrupt: 'kept' | 'replaced'
  /** Whether a subscriber's failure after the commit is the writer's error. */
  readonly subscriberFailureIsThrown: boolean
  /** Whether optional properties, deletions and links are told to subscribers of values. */
  readonly tellsEveryChange: boolean
  /** Whether a deletion takes children that have another parent, and reserved roots, with it. */
  readonly deletesShared: boolean
  /** Whether `inf` and `nan` are floats. */
  readonly nonFiniteFloats: boolean
  /** Whether a deprecated item is noted in the audit trail on every registration, or only when it goes. */
  readonly deprecatedAlwaysAudited: boolean
  /** Answers from a cache of the last categories used, as upstream does, with all that follows from it. */
  readonly readsThroughCache: boolean
  /** Whether values may be given in their JavaScript types, rather than as Fledge's text only. */
  readonly takesTypedValues: boolean
  /** Whether readers of items see `****` in place of a secret. */
  readonly hidesSecrets: boolean
  /** Whether deleting a category below which another is found twice notes the second deletion too. */
  readonly auditsEachVisit: boolean
  /**
   * Whether item values are enforced beyond what upstream checks: readonly, validity, JSON schemas, element properties.
   */
  readonly enforcesAll: boolean
}

/** `default`: the safe choices; `strict-fledge`: every answer as Fledge's Python manager gives it. */
export type ConfigMode = 'default' | 'strict-fledge'

/** One check of a new value. */
export type CheckName =
  | 'readonly'
  | 'text'
  | 'choice'
  | 'type'
  | 'mandatory'
  | 'listOptions'
  | 'canonical'
  | 'rule'
  | 'limits'
  | 'schema'

/** The safe choices. */
const defaultPolicy: Policy = {
  mode: 'default',
  firstFindingOnly: false,
  addressFamilies: 'own',
  integerText: 'canonical',
  defaultsKeepLimits: true,
  rules: 'bound',
  lists: 'json',
  singleChecks: [
    'readonly',
    'text',
    'choice',
    'type',
    'mandatory',
    'canonical',
    'rule',
    'limits',
    'listOptions',
    'schema',
  ],
  bulkChecks: [
    'readonly',
    'text',
    'choice',
    'type',
    'mandatory',
    'canonical',
    'rule',
    'limits',
    'listOptions',
    'schema',
  ],
  comparesRawText: false,
  descriptionAloneCounts: true,
  untouchedFollowDefault: true,
  keepsOfferedOptions: true,
  rechecksKept: true,
  corrupt: 'replaced',
  subscriberFailureIsThrown: false,
  tellsEveryChange: true,
  deletesShared: false,
  nonFiniteFloats: false,
  deprecatedAlwaysAudited: false,
  readsThroughCache: false,
  takesTypedValues: true,
  hidesSecrets: true,
  auditsEachVisit: false,
  enforcesAll: true,
}

/** Fledge 3.1's own choices, observed on its Python manager. */
const strictPolicy: Policy = {
  mode: 'strict-fledge',
  firstFindingOnly: true,
  addressFamilies: 'either',
  integerText: 'kept',
  defaultsKeepLimits: false,
  rules: 'substituted',
  lists: 'literal',
  singleChecks: ['choice', 'type', 'mandatory', 'canonical', 'rule', 'limits'],
  bulkChecks: ['rule', 'text', 'choice', 'type', 'mandatory', 'listOptions', 'canonical', 'limits'],
  comparesRawText: true,
  descriptionAloneCounts: false,
  untouchedFollowDefault: false,
  keepsOfferedOptions: false,
  rechecksKept: false,
  corrupt: 'kept',
  subscriberFailureIsThrown: true,
  tellsEveryChange: false,
  deletesShared: true,
  nonFiniteFloats: true,
  deprecatedAlwaysAudited: true,
  readsThroughCache: true,
  takesTypedValues: false,
  hidesSecrets: false,
  auditsEachVisit: true,
  enforcesAll: false,
}

/** The policy of a mode. Throws `BP_INVALID_ARGUMENT` for what is none. */
export function policyOf(mode: ConfigMode): Policy {
  const policy = [defaultPolicy, strictPolicy].find((one) => one.mode === mode)
  if (policy) return policy
  const reason = `it must be '${defaultPolicy.mode}' or '${strictPolicy.mode}', not '${String(mode)}'`
  throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'mode', reason } })
}

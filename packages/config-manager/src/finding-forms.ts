import { itemTypes } from './definition.ts'
import { pythonClass, pythonRepr, pythonStr } from './python/names.ts'

/** The facts of one finding: where it is, and what its texts mention. */
export interface FindingFacts {
  readonly category: string
  readonly item?: string
  readonly property?: string
  readonly element?: string | number
  readonly expected?: string
  readonly received?: unknown
  /** Keeps `received` out of the issue. */
  readonly secret?: boolean
  /** `array` or `KV pair`: upstream's words for the two kinds of list. */
  readonly noun?: string
  readonly limit?: string
  readonly detail?: string
  /** Where upstream raises another class for the same text. */
  readonly fledgeClass?: string
  /** Upstream fails here by accident (an internal error). */
  readonly accidental?: boolean
}

/** How a finding reads: in our words, and class and text of the Python manager. */
interface FindingForm {
  readonly says: (facts: FindingFacts) => string
  readonly fledge: readonly [string, (facts: FindingFacts) => string]
}

const form = (says: FindingForm['says'], upstream: string, text: (facts: FindingFacts) => string): FindingForm => ({
  says,
  fledge: [upstream, text],
})

/** Texts that begin with `For <category> category, ` upstream. */
const define = (says: FindingForm['says'], upstream: string, text: (facts: FindingFacts) => string): FindingForm =>
  form(says, upstream, (facts) => `For ${facts.category} category, ${text(facts)}`)

/** Texts that begin with `For config item <item> ` upstream. */
const assign = (says: FindingForm['says'], upstream: string, text: (facts: FindingFacts) => string): FindingForm =>
  form(says, upstream, (facts) => `For config item ${facts.item} ${text(facts)}`)

const got = (facts: FindingFacts) => pythonClass(facts.received)
const typeList = `[${itemTypes.map((type) => `'${type}'`).join(', ')}]`

/**
 * Every finding that the engine can make. Class and text in the second half are those of Fledge 3.1's
 * `configuration_manager.py`, oddities included: they are what `strict-fledge` answers.
 */
export const findingForms = {
  'category-name': form(
    () => 'the name of a category must be text',
    'TypeError',
    () => 'category_name must be a string',
  ),
  'category-description': form(
    () => 'the description of a category must be text',
    'TypeError',
    () => 'category_description must be a string',
  ),
  'category-items': define(
    () => 'the items of a category must be an object',
    'TypeError',
    (f) => `category value must be a dictionary; got ${got(f)}`,
  ),
  'item-object': define(
    (f) => `item ${f.item} must be an object`,
    'TypeError',
    (f) => `item value must be a dict for item name ${f.item}; got ${got(f)}`,
  ),
  'property-text': define(
    (f) => `${f.property} must be text`,
    'TypeError',
    (f) => `entry value must be a string for item name ${f.item} and entry name ${f.property}; got ${got(f)}`,
  ),
  'property-missing': define(
    (f) => `${f.property} is missing`,
    'ValueError',
    (f) => `missing entry name ${f.property} for item name ${f.item}`,
  ),
  'type-unknown': define(
    () => 'type must be one of the 18 item types',
    'ValueError',
    (f) => `invalid entry value for entry name "type" for item name ${f.item}. valid type strings are: ${typeList}`,
  ),
  'value-given': form(
    () => 'a definition has no value; set one after registering',
    'ValueError',
    (f) =>
      `Specifying value_name and value_val for item_name ${f.item} is not allowed if desired behavior is to use default_val as value_val`,
  ),
  'flag-boolean': define(
    (f) => `${f.property} must be true or false`,
    'ValueError',
    (f) => `entry value must be boolean for item name ${f.property}; got ${got(f)}`,
  ),
  'limit-number': define(
    (f) => `${f.property} must be a number`,
    'ValueError',
    (f) => `entry value must be an integer or float for item name ${f.property}; got ${got(f)}`,
  ),
  'property-integer': define(
    (f) => `${f.property} must be an integer`,
    'ValueError',
    (f) => `entry value must be an integer for item name ${f.property}; got ${got(f)}`,
  ),
  'property-string': define(
    (f) => `${f.property} must be text`,
    'ValueError',
    (f) => `entry value must be string for item name ${f.property}; got ${got(f)}`,
  ),
  'default-blank': define(
    () => 'a mandatory item needs a default that is not blank',
    'ValueError',
    (f) => `A default value must be given for ${f.item}`,
  ),
  'default-invalid': define(
    (f) => `the default is not a valid ${f.expected ?? 'value'}`,
    'ValueError',
    (f) => `unrecognized value for item name ${f.item}`,
  ),
  'default-refused': define(
    () => 'the rule refuses the default',
    'ValueError',
    (f) => `The value of ${f.item} is not valid, please supply a valid value`,
  ),
  'rule-unusable': form(
    (f) => `the rule cannot be computed: ${f.detail}`,
    'SyntaxError',
    (f) => `rule of ${f.item}: ${f.detail}`,
  ),
  'validity-unusable': form(
    (f) => `the validity expression cannot be read: ${f.detail}`,
    'SyntaxError',
    (f) => `validity of ${f.item}: ${f.detail}`,
  ),
  'limits-crossed': form(
    () => 'minimum is above maximum',
    'ValueError',
    () => 'Minimum value should be less than equal to Maximum value',
  ),
  'permissions-list': define(
    () => 'permissions must be a list of role names',
    'ValueError',
    (f) => `permissions entry value must be a list of string for item name ${f.item}; got ${got(f)}.`,
  ),
  'permissions-empty': define(
    () => 'permissions must name a role',
    'ValueError',
    (f) => `permissions entry value must not be empty for item name ${f.item}.`,
  ),
  'permissions-entry': define(
    () => 'each of permissions must be a name',
    'ValueError',
    (f) => `permissions entry values must be a string and non-empty for item name ${f.item}.`,
  ),
  'options-missing': define(
    () => 'an enumeration needs options',
    'KeyError',
    () => 'options required for enumeration type',
  ),
  'options-list': define(
    () => 'options must be a list',
    'TypeError',
    (f) => `entry value must be a list for item name ${f.item} and entry name ${f.detail}; got ${got(f)}`,
  ),
  'options-empty': define(
    () => 'options must not be empty',
    'ValueError',
    (f) => `entry value cannot be empty list for item_name ${f.item} and entry_name options; got []`,
  ),
  'default-not-option': define(
    () => 'the default is not one of the options',
    'ValueError',
    (f) =>
      `entry value does not exist in options list for item name ${f.item} and entry_name options; got ${pythonStr(f.received)}`,
  ),
  'properties-missing': define(
    () => 'a bucket needs properties',
    'KeyError',
    (f) => `properties KV pair must be required for item name ${f.item}.`,
  ),
  'properties-object': define(
    () => 'properties must be an object',
    'ValueError',
    (f) => `properties must be JSON object for item name ${f.item}; got ${got(f)}`,
  ),
  'properties-empty': define(
    () => 'properties must not be empty',
    'ValueError',
    (f) => `properties JSON object cannot be empty for item name ${f.item}`,
  ),
  'properties-key': define(
    () => 'the properties of a bucket need the member `key`',
    'ValueError',
    (f) => `key KV pair must exist in properties for item name ${f.item}`,
  ),
  'schema-object': define(
    () => 'schema must be an object',
    'TypeError',
    (f) => `${f.item} item name and schema entry value must be an object; got ${got(f)}`,
  ),
  'schema-empty': define(
    () => 'schema must not be empty',
    'ValueError',
    (f) => `${f.item} item name and schema entry value can not be empty.`,
  ),
  'items-missing': define(
    () => 'a list needs items, the type of its elements',
    'KeyError',
    (f) => `items KV pair must be required for item name ${f.item}.`,
  ),
  'items-unknown': define(
    () => 'items must be string, float, integer, object or enumeration',
    'ValueError',
    (f) => `items value should either be in string, float, integer, object or enumeration for item name ${f.item}`,
  ),
  'element-properties-missing': define(
    () => 'a list of objects needs properties',
    'KeyError',
    (f) => `properties KV pair must be required for item name ${f.item}`,
  ),
  'element-property-object': define(
    (f) => `properties.${f.detail} must be an object`,
    'TypeError',
    (f) => `Properties must be a JSON object for ${f.detail} key for item name ${f.item}`,
  ),
  'element-property-empty': define(
    (f) => `properties.${f.detail} must not be empty`,
    'ValueError',
    (f) => `${f.detail} properties cannot be empty for item name ${f.item}`,
  ),
  'element-property-keys': define(
    (f) => `properties.${f.detail} needs type, description and default`,
    'ValueError',
    (f) => `${f.detail} properties must have type, description, default keys for item name ${f.item}`,
  ),
  'element-options-missing': define(
    () => 'a list of enumerations needs options',
    'KeyError',
    (f) => `options required for item name ${f.item}`,
  ),
  'element-options-empty': define(
    () => 'options must not be empty',
    'ValueError',
    (f) => `options cannot be empty list for item_name ${f.item} and entry_name items`,
  ),
  'size-text': define(
    () => 'listSize must be text',
    'TypeError',
    (f) => `listSize type must be a string for item name ${f.item}; got ${got(f)}`,
  ),
  'size-integer': define(
    () => 'listSize must be an integer',
    'ValueError',
    (f) => `listSize value must be an integer value for item name ${f.item}`,
  ),
  'label-text': define(
    (f) => `${f.property} must be text`,
    'TypeError',
    (f) => `${f.property} type must be a string for item name ${f.item}; got ${got(f)}`,
  ),
  'label-blank': define(
    (f) => `${f.property} must not be blank`,
    'ValueError',
    (f) => `${f.property} cannot be empty for item name ${f.item}`,
  ),
  'default-unreadable': define(
    (f) => `the default is not a ${f.expected}`,
    'TypeError',
    (f) => `default value should be passed ${f.noun} list in string format for item name ${f.item}`,
  ),
  'default-duplicates': define(
    () => 'the default repeats an element',
    'ValueError',
    (f) => `default value ${f.noun} elements are not unique for item name ${f.item}`,
  ),
  'default-duplicate-key': form(
    () => 'the default repeats a key',
    'ValueError',
    (f) => `For category ${f.category}, duplicate KV pair found for item name ${f.item}`,
  ),
  'default-pair': define(
    () => 'the default is not a list of key and value',
    'ValueError',
    (f) => `KV pair invalid in default value for item name ${f.item}`,
  ),
  'default-size': define(
    (f) => `the default has more than ${f.limit} elements`,
    'ValueError',
    (f) => `default value ${f.noun} list size limit to ${f.limit} for item name ${f.item}`,
  ),
  'default-element': define(
    (f) => `an element of the default is not a valid ${f.expected}`,
    'ValueError',
    (f) => `all elements should be of same <class '${f.detail}'> type in default value for item name ${f.item}`,
  ),
  'default-element-option': define(
    () => 'an element of the default is not one of the options',
    'ValueError',
    (f) =>
      `${pythonStr(f.received)} value does not exist in options for item name ${f.item}${f.element === undefined || f.noun === 'array' ? '' : ` and entry_name ${f.element}`}`,
  ),

  'item-unknown': form(
    (f) =>
      f.item === undefined
        ? `there is no category ${f.category}`
        : `there is no item ${f.item} in category ${f.category}`,
    'ValueError',
    (f) => `No detail found for the category_name: ${f.category} and item_name: ${f.item}`,
  ),
  'category-unknown': form(
    (f) => `there is no category ${f.category}`,
    'NameError',
    (f) => `No such Category found for ${f.category}`,
  ),
  'values-unknown-item': form(
    (f) => `there is no item ${f.item} in category ${f.category}`,
    'KeyError',
    (f) => `${f.item} config item not found`,
  ),
  'item-taken': form(
    (f) => `category ${f.category} has an item ${f.item} already`,
    'KeyError',
    (f) => `Config item is already in use for ${f.category}`,
  ),
  'value-text': form(
    (f) => `${f.item} must be given as text`,
    'TypeError',
    () => 'new value should be of type string',
  ),
  'value-text-json': form(
    (f) => `${f.item} must be given as text or an object`,
    'TypeError',
    () => 'new value should be a valid dict Or a string literal, in double quotes',
  ),
  'value-type': form(
    (f) => `the value is not a valid ${f.expected}`,
    'TypeError',
    (f) => `Unrecognized value name for item_name ${f.item}`,
  ),
  'value-blank': form(
    () => 'a mandatory item needs a value',
    'ValueError',
    (f) => `A value must be given for ${f.item}`,
  ),
  'value-blank-json': form(
    () => 'a mandatory item needs a value',
    'ValueError',
    (f) => `Dict cannot be set as empty. A value must be given for ${f.item}`,
  ),
  'choice-empty': form(
    () => 'an enumeration needs a value',
    'ValueError',
    () => 'entry_val cannot be empty',
  ),
  'choice-unknown': form(
    () => 'the value is not one of the options',
    'ValueError',
    () => 'new value does not exist in options enum',
  ),
  'value-refused': form(
    () => 'the rule refuses the value',
    'ValueError',
    (f) => `The value of ${f.item} is not valid, please supply a valid value`,
  ),
  'value-length': assign(
    (f) => `the value is longer than ${f.limit}`,
    'TypeError',
    (f) => `you cannot set the new value, beyond the length ${f.limit}`,
  ),
  'value-range': assign(
    (f) => `the value is not within ${f.limit}`,
    'TypeError',
    (f) => `you cannot set the new value, beyond the range (${f.limit})`,
  ),
  'value-below': assign(
    (f) => `the value is below ${f.limit}`,
    'TypeError',
    (f) => `you cannot set the new value, below ${f.limit}`,
  ),
  'value-above': assign(
    (f) => `the value is above ${f.limit}`,
    'TypeError',
    (f) => `you cannot set the new value, above ${f.limit}`,
  ),
  'list-unreadable': assign(
    (f) => `the value is not a ${f.expected}`,
    'TypeError',
    (f) => `value should be passed ${f.noun} list in string format`,
  ),
  'list-duplicates': assign(
    () => 'the value repeats an element',
    'ValueError',
    () => 'elements are not unique',
  ),
  'list-duplicate-key': assign(
    () => 'the value repeats a key',
    'TypeError',
    () => 'duplicate KV pair found',
  ),
  'list-pair': assign(
    () => 'the value is not a list of key and value',
    'TypeError',
    () => 'KV pair invalid',
  ),
  'list-size': assign(
    (f) => `the value has more than ${f.limit} elements`,
    'TypeError',
    (f) => `value ${f.noun} list size limit to ${f.limit}`,
  ),
  'list-element': assign(
    (f) => `an element is not a valid ${f.expected}`,
    'ValueError',
    (f) => `all elements should be of same ${f.detail} type`,
  ),
  'list-malformed': form(
    () => 'the value cannot be read as a list',
    'TypeError',
    (f) => `Malformed payload for given ${f.category} category`,
  ),
  'list-not-array': form(
    () => 'the value must be a list',
    'TypeError',
    () => 'New value should be passed in list',
  ),
  'list-not-pairs': form(
    () => 'the value must be an object',
    'TypeError',
    () => 'New value should be in KV pair format',
  ),
  'list-option-empty': form(
    () => 'an element has no value',
    'ValueError',
    (f) => (f.element === undefined ? 'enum value cannot be empty' : `For ${f.element}, enum value cannot be empty`),
  ),
  'list-option-unknown': form(
    () => 'an element is not one of the options',
    'ValueError',
    (f) => `For ${f.detail}, new value does not exist in options enum`,
  ),
  'schema-mismatch': form(
    (f) => `the value does not match the item's schema: ${f.detail}`,
    'ValueError',
    (f) => `${f.item}: ${f.detail}`,
  ),
  'not-applicable': form(
    () => 'the item does not apply while its validity expression is false',
    'ValueError',
    (f) => `${f.item} does not apply`,
  ),
  'value-readonly': form(
    () => 'the item is read-only',
    'ValueError',
    (f) => `${f.item} is read-only`,
  ),
  'role-unknown': form(
    () => 'the role of the requester is not known',
    'ValueError',
    () => "Requesting user's role is not matched with any existing roles.",
  ),
  forbidden: form(
    (f) => `role ${f.detail} may not change ${f.item}`,
    'Exception',
    () => 'Forbidden',
  ),

  'property-absent': form(
    (f) => `${f.item} has no ${f.property} to change`,
    'KeyError',
    (f) => `${f.property} does not exist`,
  ),
  'property-fixed': define(
    (f) => `${f.property} cannot be changed on its own`,
    'ValueError',
    (f) => `optional item name ${f.property} cannot be updated.`,
  ),
  'update-boolean': define(
    (f) => `${f.property} must be true or false`,
    'ValueError',
    (f) => `entry value must be boolean for optional item name ${f.property}; got ${got(f)}`,
  ),
  'update-number': define(
    (f) => `${f.property} must be a number`,
    'ValueError',
    (f) => `entry value must be an integer or float for optional item ${f.property}; got ${got(f)}`,
  ),
  'update-string': define(
    (f) => `${f.property} must be text`,
    'ValueError',
    (f) => `entry value must be string for optional item ${f.property}; got ${got(f)}`,
  ),
  'update-integer': define(
    (f) => `${f.property} must be an integer`,
    'ValueError',
    (f) => `entry value must be an integer for optional item ${f.property}; got ${got(f)}`,
  ),
  'minimum-above': form(
    () => 'minimum would be above maximum',
    'ValueError',
    () => 'Minimum value should be less than equal to Maximum value',
  ),
  'maximum-below': form(
    () => 'maximum would be below minimum',
    'ValueError',
    () => 'Maximum value should be greater than equal to Minimum value',
  ),

  'parent-unknown': form(
    (f) => `there is no category ${f.category}`,
    'ValueError',
    (f) => `No such ${f.category} category exist`,
  ),
  'child-unknown': form(
    (f) => `there is no category ${pythonStr(f.received)}`,
    'ValueError',
    (f) => `No such ${pythonStr(f.received)} child exist`,
  ),
  'child-name': form(
    () => 'the name of a child must be text',
    'TypeError',
    () => 'child_category must be a string',
  ),
  'children-list': form(
    () => 'children must be a list of names',
    'TypeError',
    () => 'children must be a list',
  ),
  'child-twice': form(
    (f) => `${pythonStr(f.received)} is named twice`,
    'ValueError',
    (f) => `UNIQUE constraint failed: ${f.category}, ${pythonStr(f.received)}`,
  ),
  'link-cycle': form(
    (f) => `linking ${pythonStr(f.received)} below ${f.category} would close a cycle`,
    'ValueError',
    (f) => `${pythonStr(f.received)} cannot be below ${f.category}`,
  ),
  reserved: form(
    (f) => `a reserved category is below ${f.category}`,
    'ValueError',
    (f) => `Reserved category found in descendents of ${f.category} - ${pythonRepr(f.received)}`,
  ),
  'reserved-root': form(
    (f) => `${f.category} is reserved`,
    'ValueError',
    (f) => `${f.category} is reserved`,
  ),
  'child-shared': form(
    (f) => `${f.detail} is also below another category`,
    'ValueError',
    (f) => `${f.detail} is shared`,
  ),
  'subscription-category': form(
    () => 'a subscription needs a category',
    'ValueError',
    (f) => `Failed to ${f.detail} interest. category_name cannot be None`,
  ),
  'subscription-callback': form(
    () => 'a subscription needs a callback',
    'ValueError',
    (f) => `Failed to ${f.detail} interest. callback cannot be None`,
  ),
  'script-unreadable': form(
    () => 'the script is not the hexadecimal form of UTF-8 text',
    'Error',
    () => 'Non-hexadecimal digit found',
  ),
  'upstream-fault': form(
    (f) => f.detail ?? 'the value has the wrong form',
    'AttributeError',
    (f) => f.detail ?? 'internal error',
  ),
} as const satisfies Record<string, FindingForm>

/** The code of a finding. */
export type FindingCode = keyof typeof findingForms

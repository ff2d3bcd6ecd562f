import { assign, define, type FindingForm, form, got, withArticle } from './finding-form.ts'
import { pythonRepr, pythonStr } from './python/names.ts'

/** What can be wrong with a value, a property, a link or a subscription. */
export const valueForms = {
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
    (f) => `the value is not ${withArticle(f.expected ?? 'list')}`,
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
    (f) => `an element is not a valid ${f.expected ?? f.detail}`,
    'ValueError',
    (f) => `all elements should be of same ${f.detail} type`,
  ),
  'list-objects': form(
    (f) => `the value is not ${f.noun === 'array' ? 'a list of flat objects' : 'an object of objects'}`,
    'JSONDecodeError',
    (f) => `${f.item} is not a list of objects`,
  ),
  'limit-unusable': form(
    (f) => `a limit of ${f.item} is not a number of its type`,
    'ValueError',
    (f) => `the limits of ${f.item} are no numbers`,
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
} as const satisfies Record<string, FindingForm>

import { itemTypes } from './definition.ts'
import { define, type FindingForm, form, got, withArticle } from './finding-form.ts'
import { pythonStr } from './python/names.ts'

const typeList = `[${itemTypes.map((type) => `'${type}'`).join(', ')}]`

/** What can be wrong with a definition. */
export const definitionForms = {
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
    (f) => `the default is not ${withArticle(f.expected ?? 'list')}`,
    'TypeError',
    (f) => `default value should be passed ${f.noun} list in string format for item name ${f.item}`,
  ),
  'default-objects': define(
    (f) => `the default is not ${f.noun === 'array' ? 'a list of flat objects' : 'an object of objects'}`,
    'JSONDecodeError',
    (f) => `the default of ${f.item} is not a list of objects`,
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
} as const satisfies Record<string, FindingForm>

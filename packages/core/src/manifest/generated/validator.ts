// @ts-nocheck
// Generated from manifest.schema.json by tools/generate-manifest.ts; change the schema and run `npm run generate`.
"use strict";
export const validate = validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://backplane.dev/schemas/manifest/1.json","type":"object","required":["id"],"properties":{"$schema":{"type":"string"},"id":{"$ref":"#/$defs/PluginId"},"version":{"type":"string"},"description":{"type":"string"},"runtime":{"type":"string","pattern":"^[a-z][a-z0-9-]*$"},"entry_point":{"type":"string","pattern":"^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\\\\\u0000]+$"},"class_name":{"type":"string","pattern":"^[A-Za-z_$][A-Za-z0-9_$]*$"},"functions":{"type":"array","items":{"$ref":"#/$defs/FunctionDescriptor"}},"events":{"type":"array","items":{"$ref":"#/$defs/EventDescriptor"}},"subscriptions":{"type":"array","items":{"$ref":"#/$defs/EventFilter"}},"config":{"type":"object","additionalProperties":{"$ref":"#/$defs/ManifestConfigItem"}},"service":{"type":"object","required":["kind"],"properties":{"kind":{"enum":["south","north","filter","rule","delivery"]},"mode":{"enum":["poll","async"]}}},"permissions":{"$ref":"#/$defs/Permissions"},"limits":{"$ref":"#/$defs/Limits"},"restart":{"$ref":"#/$defs/RestartPolicy"},"dependencies":{"type":"object","properties":{"python":{"type":"array","items":{"type":"string"}},"plugins":{"type":"array","items":{"$ref":"#/$defs/PluginId"}}}},"labels":{"$ref":"#/$defs/Labels"},"node":{"type":"object","properties":{"isolation":{"enum":["worker","none"]}}},"wasm":{"type":"object"},"process":{"type":"object"},"python":{"type":"object"},"sidecar":{"type":"object"},"worker":{"type":"object","properties":{"command":{"type":"string","pattern":"^[^\\u0000]+$"},"args":{"type":"array","items":{"type":"string"}},"env":{"type":"object","additionalProperties":{"type":"string"}}}}},"$defs":{"PluginId":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},"Labels":{"type":"object","additionalProperties":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}},"JsonSchema":{"type":"object"},"FunctionDescriptor":{"type":"object","required":["name"],"properties":{"name":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"},"description":{"type":"string"},"parameters":{"$ref":"#/$defs/JsonSchema"},"accepts":{"$ref":"#/$defs/JsonSchema"},"result":{"$ref":"#/$defs/JsonSchema"},"stream":{"enum":["items","progress"]},"timeout_ms":{"type":"integer","minimum":1},"labels":{"$ref":"#/$defs/Labels"},"tags":{"type":"array","items":{"type":"string"}}}},"EventDescriptor":{"type":"object","required":["name"],"properties":{"name":{"type":"string","pattern":"^[A-Za-z0-9_-]+$"},"description":{"type":"string"},"payload":{"$ref":"#/$defs/JsonSchema"},"labels":{"$ref":"#/$defs/Labels"},"tags":{"type":"array","items":{"type":"string"}}}},"EventFilter":{"type":"object","properties":{"device":{"type":"string"},"event":{"type":"string"}}},"ManifestConfigItem":{"type":"object","required":["type"],"properties":{"type":{"type":"string"},"default":{},"description":{"type":"string"},"displayName":{"type":"string"}}},"Permissions":{"type":"object","properties":{"network":{"type":"array","items":{"type":"string"}},"read":{"type":"array","items":{"type":"string"}},"write":{"type":"array","items":{"type":"string"}},"env":{"type":"array","items":{"type":"string"}},"invoke":{"type":"array","items":{"type":"string"}},"host":{"type":"array","items":{"type":"string"}}},"additionalProperties":false},"Limits":{"type":"object","properties":{"timeout_ms":{"type":"integer","minimum":1},"start_timeout_ms":{"type":"integer","minimum":1},"concurrency":{"type":"integer","minimum":1},"calls_per_second":{"type":"number","exclusiveMinimum":0},"memory_mb":{"type":"number","exclusiveMinimum":0},"cpu_seconds":{"type":"number","exclusiveMinimum":0},"open_files":{"type":"integer","minimum":1},"processes":{"type":"integer","minimum":1},"log_lines_per_second":{"type":"integer","minimum":1}},"additionalProperties":false},"RestartPolicy":{"type":"object","properties":{"intensity":{"type":"integer","minimum":0},"period_ms":{"type":"integer","minimum":1},"backoff_ms":{"type":"integer","minimum":0},"max_backoff_ms":{"type":"integer","minimum":0},"drain_ms":{"type":"integer","minimum":0},"stop_ms":{"type":"integer","minimum":0}},"additionalProperties":false}}};
const schema32 = {"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"};
const schema41 = {"type":"object","properties":{"device":{"type":"string"},"event":{"type":"string"}}};
const schema42 = {"type":"object","required":["type"],"properties":{"type":{"type":"string"},"default":{},"description":{"type":"string"},"displayName":{"type":"string"}}};
const schema43 = {"type":"object","properties":{"network":{"type":"array","items":{"type":"string"}},"read":{"type":"array","items":{"type":"string"}},"write":{"type":"array","items":{"type":"string"}},"env":{"type":"array","items":{"type":"string"}},"invoke":{"type":"array","items":{"type":"string"}},"host":{"type":"array","items":{"type":"string"}}},"additionalProperties":false};
const schema44 = {"type":"object","properties":{"timeout_ms":{"type":"integer","minimum":1},"start_timeout_ms":{"type":"integer","minimum":1},"concurrency":{"type":"integer","minimum":1},"calls_per_second":{"type":"number","exclusiveMinimum":0},"memory_mb":{"type":"number","exclusiveMinimum":0},"cpu_seconds":{"type":"number","exclusiveMinimum":0},"open_files":{"type":"integer","minimum":1},"processes":{"type":"integer","minimum":1},"log_lines_per_second":{"type":"integer","minimum":1}},"additionalProperties":false};
const schema45 = {"type":"object","properties":{"intensity":{"type":"integer","minimum":0},"period_ms":{"type":"integer","minimum":1},"backoff_ms":{"type":"integer","minimum":0},"max_backoff_ms":{"type":"integer","minimum":0},"drain_ms":{"type":"integer","minimum":0},"stop_ms":{"type":"integer","minimum":0}},"additionalProperties":false};
const schema37 = {"type":"object","additionalProperties":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}};
const pattern4 = new RegExp("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "u");
const pattern5 = new RegExp("^[a-z][a-z0-9-]*$", "u");
const pattern6 = new RegExp("^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\\\\\u0000]+$", "u");
const pattern7 = new RegExp("^[A-Za-z_$][A-Za-z0-9_$]*$", "u");
const pattern11 = new RegExp("^[^\\u0000]+$", "u");
const schema33 = {"type":"object","required":["name"],"properties":{"name":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"},"description":{"type":"string"},"parameters":{"$ref":"#/$defs/JsonSchema"},"accepts":{"$ref":"#/$defs/JsonSchema"},"result":{"$ref":"#/$defs/JsonSchema"},"stream":{"enum":["items","progress"]},"timeout_ms":{"type":"integer","minimum":1},"labels":{"$ref":"#/$defs/Labels"},"tags":{"type":"array","items":{"type":"string"}}}};
const schema34 = {"type":"object"};
const pattern8 = new RegExp("^[A-Za-z_][A-Za-z0-9_.-]{0,127}$", "u");

function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
  let vErrors = null;
  let errors = 0;
const evaluated0 = validate21.evaluated;
  if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
  if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
  if(data && typeof data == "object" && !Array.isArray(data)){
  if(data.name === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
  if(vErrors === null){
vErrors = [err0];
}
  else {
vErrors.push(err0);
}
errors++;
}
  if(data.name !== undefined){
  let data0 = data.name;
  if(typeof data0 === "string"){
  if(!pattern8.test(data0)){
const err1 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"},message:"must match pattern \""+"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"+"\""};
  if(vErrors === null){
vErrors = [err1];
}
  else {
vErrors.push(err1);
}
errors++;
}
}
  else {
const err2 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err2];
}
  else {
vErrors.push(err2);
}
errors++;
}
}
  if(data.description !== undefined){
  if(typeof data.description !== "string"){
const err3 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err3];
}
  else {
vErrors.push(err3);
}
errors++;
}
}
  if(data.parameters !== undefined){
  let data2 = data.parameters;
  if(!(data2 && typeof data2 == "object" && !Array.isArray(data2))){
const err4 = {instancePath:instancePath+"/parameters",schemaPath:"#/$defs/JsonSchema/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err4];
}
  else {
vErrors.push(err4);
}
errors++;
}
}
  if(data.accepts !== undefined){
  let data3 = data.accepts;
  if(!(data3 && typeof data3 == "object" && !Array.isArray(data3))){
const err5 = {instancePath:instancePath+"/accepts",schemaPath:"#/$defs/JsonSchema/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err5];
}
  else {
vErrors.push(err5);
}
errors++;
}
}
  if(data.result !== undefined){
  let data4 = data.result;
  if(!(data4 && typeof data4 == "object" && !Array.isArray(data4))){
const err6 = {instancePath:instancePath+"/result",schemaPath:"#/$defs/JsonSchema/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err6];
}
  else {
vErrors.push(err6);
}
errors++;
}
}
  if(data.stream !== undefined){
  let data5 = data.stream;
  if(!((data5 === "items") || (data5 === "progress"))){
const err7 = {instancePath:instancePath+"/stream",schemaPath:"#/properties/stream/enum",keyword:"enum",params:{allowedValues: schema33.properties.stream.enum},message:"must be equal to one of the allowed values"};
  if(vErrors === null){
vErrors = [err7];
}
  else {
vErrors.push(err7);
}
errors++;
}
}
  if(data.timeout_ms !== undefined){
  let data6 = data.timeout_ms;
  if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
const err8 = {instancePath:instancePath+"/timeout_ms",schemaPath:"#/properties/timeout_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err8];
}
  else {
vErrors.push(err8);
}
errors++;
}
  if((typeof data6 == "number") && (isFinite(data6))){
  if(data6 < 1 || isNaN(data6)){
const err9 = {instancePath:instancePath+"/timeout_ms",schemaPath:"#/properties/timeout_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err9];
}
  else {
vErrors.push(err9);
}
errors++;
}
}
}
  if(data.labels !== undefined){
  let data7 = data.labels;
  if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
  for(const key0 in data7){
  let data8 = data7[key0];
const _errs22 = errors;
  let valid6 = false;
const _errs23 = errors;
  if(typeof data8 !== "string"){
const err10 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/0/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err10];
}
  else {
vErrors.push(err10);
}
errors++;
}
  var _valid0 = _errs23 === errors;
valid6 = valid6 || _valid0;
const _errs25 = errors;
  if(Array.isArray(data8)){
const len0 = data8.length;
  for(let i0=0; i0<len0; i0++){
  if(typeof data8[i0] !== "string"){
const err11 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1")+"/" + i0,schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err11];
}
  else {
vErrors.push(err11);
}
errors++;
}
}
}
  else {
const err12 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err12];
}
  else {
vErrors.push(err12);
}
errors++;
}
  var _valid0 = _errs25 === errors;
valid6 = valid6 || _valid0;
  if(!valid6){
const err13 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"};
  if(vErrors === null){
vErrors = [err13];
}
  else {
vErrors.push(err13);
}
errors++;
}
  else {
errors = _errs22;
  if(vErrors !== null){
  if(_errs22){
vErrors.length = _errs22;
}
  else {
vErrors = null;
}
}
}
}
}
  else {
const err14 = {instancePath:instancePath+"/labels",schemaPath:"#/$defs/Labels/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err14];
}
  else {
vErrors.push(err14);
}
errors++;
}
}
  if(data.tags !== undefined){
  let data10 = data.tags;
  if(Array.isArray(data10)){
const len1 = data10.length;
  for(let i1=0; i1<len1; i1++){
  if(typeof data10[i1] !== "string"){
const err15 = {instancePath:instancePath+"/tags/" + i1,schemaPath:"#/properties/tags/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err15];
}
  else {
vErrors.push(err15);
}
errors++;
}
}
}
  else {
const err16 = {instancePath:instancePath+"/tags",schemaPath:"#/properties/tags/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err16];
}
  else {
vErrors.push(err16);
}
errors++;
}
}
}
  else {
const err17 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err17];
}
  else {
vErrors.push(err17);
}
errors++;
}
validate21.errors = vErrors;
  return errors === 0;
}
validate21.evaluated = {"props":{"name":true,"description":true,"parameters":true,"accepts":true,"result":true,"stream":true,"timeout_ms":true,"labels":true,"tags":true},"dynamicProps":false,"dynamicItems":false};

const schema38 = {"type":"object","required":["name"],"properties":{"name":{"type":"string","pattern":"^[A-Za-z0-9_-]+$"},"description":{"type":"string"},"payload":{"$ref":"#/$defs/JsonSchema"},"labels":{"$ref":"#/$defs/Labels"},"tags":{"type":"array","items":{"type":"string"}}}};
const pattern9 = new RegExp("^[A-Za-z0-9_-]+$", "u");

function validate23(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
  let vErrors = null;
  let errors = 0;
const evaluated0 = validate23.evaluated;
  if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
  if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
  if(data && typeof data == "object" && !Array.isArray(data)){
  if(data.name === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"},message:"must have required property '"+"name"+"'"};
  if(vErrors === null){
vErrors = [err0];
}
  else {
vErrors.push(err0);
}
errors++;
}
  if(data.name !== undefined){
  let data0 = data.name;
  if(typeof data0 === "string"){
  if(!pattern9.test(data0)){
const err1 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9_-]+$"},message:"must match pattern \""+"^[A-Za-z0-9_-]+$"+"\""};
  if(vErrors === null){
vErrors = [err1];
}
  else {
vErrors.push(err1);
}
errors++;
}
}
  else {
const err2 = {instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err2];
}
  else {
vErrors.push(err2);
}
errors++;
}
}
  if(data.description !== undefined){
  if(typeof data.description !== "string"){
const err3 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err3];
}
  else {
vErrors.push(err3);
}
errors++;
}
}
  if(data.payload !== undefined){
  let data2 = data.payload;
  if(!(data2 && typeof data2 == "object" && !Array.isArray(data2))){
const err4 = {instancePath:instancePath+"/payload",schemaPath:"#/$defs/JsonSchema/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err4];
}
  else {
vErrors.push(err4);
}
errors++;
}
}
  if(data.labels !== undefined){
  let data3 = data.labels;
  if(data3 && typeof data3 == "object" && !Array.isArray(data3)){
  for(const key0 in data3){
  let data4 = data3[key0];
const _errs13 = errors;
  let valid4 = false;
const _errs14 = errors;
  if(typeof data4 !== "string"){
const err5 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/0/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err5];
}
  else {
vErrors.push(err5);
}
errors++;
}
  var _valid0 = _errs14 === errors;
valid4 = valid4 || _valid0;
const _errs16 = errors;
  if(Array.isArray(data4)){
const len0 = data4.length;
  for(let i0=0; i0<len0; i0++){
  if(typeof data4[i0] !== "string"){
const err6 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1")+"/" + i0,schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err6];
}
  else {
vErrors.push(err6);
}
errors++;
}
}
}
  else {
const err7 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err7];
}
  else {
vErrors.push(err7);
}
errors++;
}
  var _valid0 = _errs16 === errors;
valid4 = valid4 || _valid0;
  if(!valid4){
const err8 = {instancePath:instancePath+"/labels/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"};
  if(vErrors === null){
vErrors = [err8];
}
  else {
vErrors.push(err8);
}
errors++;
}
  else {
errors = _errs13;
  if(vErrors !== null){
  if(_errs13){
vErrors.length = _errs13;
}
  else {
vErrors = null;
}
}
}
}
}
  else {
const err9 = {instancePath:instancePath+"/labels",schemaPath:"#/$defs/Labels/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err9];
}
  else {
vErrors.push(err9);
}
errors++;
}
}
  if(data.tags !== undefined){
  let data6 = data.tags;
  if(Array.isArray(data6)){
const len1 = data6.length;
  for(let i1=0; i1<len1; i1++){
  if(typeof data6[i1] !== "string"){
const err10 = {instancePath:instancePath+"/tags/" + i1,schemaPath:"#/properties/tags/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err10];
}
  else {
vErrors.push(err10);
}
errors++;
}
}
}
  else {
const err11 = {instancePath:instancePath+"/tags",schemaPath:"#/properties/tags/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err11];
}
  else {
vErrors.push(err11);
}
errors++;
}
}
}
  else {
const err12 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err12];
}
  else {
vErrors.push(err12);
}
errors++;
}
validate23.errors = vErrors;
  return errors === 0;
}
validate23.evaluated = {"props":{"name":true,"description":true,"payload":true,"labels":true,"tags":true},"dynamicProps":false,"dynamicItems":false};

const func1 = Object.prototype.hasOwnProperty;

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://backplane.dev/schemas/manifest/1.json" */;
  let vErrors = null;
  let errors = 0;
const evaluated0 = validate20.evaluated;
  if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
  if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
  if(data && typeof data == "object" && !Array.isArray(data)){
  if(data.id === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "id"},message:"must have required property '"+"id"+"'"};
  if(vErrors === null){
vErrors = [err0];
}
  else {
vErrors.push(err0);
}
errors++;
}
  if(data.$schema !== undefined){
  if(typeof data.$schema !== "string"){
const err1 = {instancePath:instancePath+"/$schema",schemaPath:"#/properties/%24schema/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err1];
}
  else {
vErrors.push(err1);
}
errors++;
}
}
  if(data.id !== undefined){
  let data1 = data.id;
  if(typeof data1 === "string"){
  if(!pattern4.test(data1)){
const err2 = {instancePath:instancePath+"/id",schemaPath:"#/$defs/PluginId/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\""};
  if(vErrors === null){
vErrors = [err2];
}
  else {
vErrors.push(err2);
}
errors++;
}
}
  else {
const err3 = {instancePath:instancePath+"/id",schemaPath:"#/$defs/PluginId/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err3];
}
  else {
vErrors.push(err3);
}
errors++;
}
}
  if(data.version !== undefined){
  if(typeof data.version !== "string"){
const err4 = {instancePath:instancePath+"/version",schemaPath:"#/properties/version/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err4];
}
  else {
vErrors.push(err4);
}
errors++;
}
}
  if(data.description !== undefined){
  if(typeof data.description !== "string"){
const err5 = {instancePath:instancePath+"/description",schemaPath:"#/properties/description/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err5];
}
  else {
vErrors.push(err5);
}
errors++;
}
}
  if(data.runtime !== undefined){
  let data4 = data.runtime;
  if(typeof data4 === "string"){
  if(!pattern5.test(data4)){
const err6 = {instancePath:instancePath+"/runtime",schemaPath:"#/properties/runtime/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9-]*$"},message:"must match pattern \""+"^[a-z][a-z0-9-]*$"+"\""};
  if(vErrors === null){
vErrors = [err6];
}
  else {
vErrors.push(err6);
}
errors++;
}
}
  else {
const err7 = {instancePath:instancePath+"/runtime",schemaPath:"#/properties/runtime/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err7];
}
  else {
vErrors.push(err7);
}
errors++;
}
}
  if(data.entry_point !== undefined){
  let data5 = data.entry_point;
  if(typeof data5 === "string"){
  if(!pattern6.test(data5)){
const err8 = {instancePath:instancePath+"/entry_point",schemaPath:"#/properties/entry_point/pattern",keyword:"pattern",params:{pattern: "^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\\\\\u0000]+$"},message:"must match pattern \""+"^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\\\\\u0000]+$"+"\""};
  if(vErrors === null){
vErrors = [err8];
}
  else {
vErrors.push(err8);
}
errors++;
}
}
  else {
const err9 = {instancePath:instancePath+"/entry_point",schemaPath:"#/properties/entry_point/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err9];
}
  else {
vErrors.push(err9);
}
errors++;
}
}
  if(data.class_name !== undefined){
  let data6 = data.class_name;
  if(typeof data6 === "string"){
  if(!pattern7.test(data6)){
const err10 = {instancePath:instancePath+"/class_name",schemaPath:"#/properties/class_name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z_$][A-Za-z0-9_$]*$"},message:"must match pattern \""+"^[A-Za-z_$][A-Za-z0-9_$]*$"+"\""};
  if(vErrors === null){
vErrors = [err10];
}
  else {
vErrors.push(err10);
}
errors++;
}
}
  else {
const err11 = {instancePath:instancePath+"/class_name",schemaPath:"#/properties/class_name/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err11];
}
  else {
vErrors.push(err11);
}
errors++;
}
}
  if(data.functions !== undefined){
  let data7 = data.functions;
  if(Array.isArray(data7)){
const len0 = data7.length;
  for(let i0=0; i0<len0; i0++){
  if(!(validate21(data7[i0], {instancePath:instancePath+"/functions/" + i0,parentData:data7,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
}
}
  else {
const err12 = {instancePath:instancePath+"/functions",schemaPath:"#/properties/functions/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err12];
}
  else {
vErrors.push(err12);
}
errors++;
}
}
  if(data.events !== undefined){
  let data9 = data.events;
  if(Array.isArray(data9)){
const len1 = data9.length;
  for(let i1=0; i1<len1; i1++){
  if(!(validate23(data9[i1], {instancePath:instancePath+"/events/" + i1,parentData:data9,parentDataProperty:i1,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate23.errors : vErrors.concat(validate23.errors);
errors = vErrors.length;
}
}
}
  else {
const err13 = {instancePath:instancePath+"/events",schemaPath:"#/properties/events/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err13];
}
  else {
vErrors.push(err13);
}
errors++;
}
}
  if(data.subscriptions !== undefined){
  let data11 = data.subscriptions;
  if(Array.isArray(data11)){
const len2 = data11.length;
  for(let i2=0; i2<len2; i2++){
  let data12 = data11[i2];
  if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
  if(data12.device !== undefined){
  if(typeof data12.device !== "string"){
const err14 = {instancePath:instancePath+"/subscriptions/" + i2+"/device",schemaPath:"#/$defs/EventFilter/properties/device/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err14];
}
  else {
vErrors.push(err14);
}
errors++;
}
}
  if(data12.event !== undefined){
  if(typeof data12.event !== "string"){
const err15 = {instancePath:instancePath+"/subscriptions/" + i2+"/event",schemaPath:"#/$defs/EventFilter/properties/event/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err15];
}
  else {
vErrors.push(err15);
}
errors++;
}
}
}
  else {
const err16 = {instancePath:instancePath+"/subscriptions/" + i2,schemaPath:"#/$defs/EventFilter/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err16];
}
  else {
vErrors.push(err16);
}
errors++;
}
}
}
  else {
const err17 = {instancePath:instancePath+"/subscriptions",schemaPath:"#/properties/subscriptions/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err17];
}
  else {
vErrors.push(err17);
}
errors++;
}
}
  if(data.config !== undefined){
  let data15 = data.config;
  if(data15 && typeof data15 == "object" && !Array.isArray(data15)){
  for(const key0 in data15){
  let data16 = data15[key0];
  if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
  if(data16.type === undefined){
const err18 = {instancePath:instancePath+"/config/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/ManifestConfigItem/required",keyword:"required",params:{missingProperty: "type"},message:"must have required property '"+"type"+"'"};
  if(vErrors === null){
vErrors = [err18];
}
  else {
vErrors.push(err18);
}
errors++;
}
  if(data16.type !== undefined){
  if(typeof data16.type !== "string"){
const err19 = {instancePath:instancePath+"/config/" + key0.replace(/~/g, "~0").replace(/\//g, "~1")+"/type",schemaPath:"#/$defs/ManifestConfigItem/properties/type/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err19];
}
  else {
vErrors.push(err19);
}
errors++;
}
}
  if(data16.description !== undefined){
  if(typeof data16.description !== "string"){
const err20 = {instancePath:instancePath+"/config/" + key0.replace(/~/g, "~0").replace(/\//g, "~1")+"/description",schemaPath:"#/$defs/ManifestConfigItem/properties/description/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err20];
}
  else {
vErrors.push(err20);
}
errors++;
}
}
  if(data16.displayName !== undefined){
  if(typeof data16.displayName !== "string"){
const err21 = {instancePath:instancePath+"/config/" + key0.replace(/~/g, "~0").replace(/\//g, "~1")+"/displayName",schemaPath:"#/$defs/ManifestConfigItem/properties/displayName/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err21];
}
  else {
vErrors.push(err21);
}
errors++;
}
}
}
  else {
const err22 = {instancePath:instancePath+"/config/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/ManifestConfigItem/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err22];
}
  else {
vErrors.push(err22);
}
errors++;
}
}
}
  else {
const err23 = {instancePath:instancePath+"/config",schemaPath:"#/properties/config/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err23];
}
  else {
vErrors.push(err23);
}
errors++;
}
}
  if(data.service !== undefined){
  let data20 = data.service;
  if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
  if(data20.kind === undefined){
const err24 = {instancePath:instancePath+"/service",schemaPath:"#/properties/service/required",keyword:"required",params:{missingProperty: "kind"},message:"must have required property '"+"kind"+"'"};
  if(vErrors === null){
vErrors = [err24];
}
  else {
vErrors.push(err24);
}
errors++;
}
  if(data20.kind !== undefined){
  let data21 = data20.kind;
  if(!(((((data21 === "south") || (data21 === "north")) || (data21 === "filter")) || (data21 === "rule")) || (data21 === "delivery"))){
const err25 = {instancePath:instancePath+"/service/kind",schemaPath:"#/properties/service/properties/kind/enum",keyword:"enum",params:{allowedValues: schema31.properties.service.properties.kind.enum},message:"must be equal to one of the allowed values"};
  if(vErrors === null){
vErrors = [err25];
}
  else {
vErrors.push(err25);
}
errors++;
}
}
  if(data20.mode !== undefined){
  let data22 = data20.mode;
  if(!((data22 === "poll") || (data22 === "async"))){
const err26 = {instancePath:instancePath+"/service/mode",schemaPath:"#/properties/service/properties/mode/enum",keyword:"enum",params:{allowedValues: schema31.properties.service.properties.mode.enum},message:"must be equal to one of the allowed values"};
  if(vErrors === null){
vErrors = [err26];
}
  else {
vErrors.push(err26);
}
errors++;
}
}
}
  else {
const err27 = {instancePath:instancePath+"/service",schemaPath:"#/properties/service/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err27];
}
  else {
vErrors.push(err27);
}
errors++;
}
}
  if(data.permissions !== undefined){
  let data23 = data.permissions;
  if(data23 && typeof data23 == "object" && !Array.isArray(data23)){
  for(const key1 in data23){
  if(!((((((key1 === "network") || (key1 === "read")) || (key1 === "write")) || (key1 === "env")) || (key1 === "invoke")) || (key1 === "host"))){
const err28 = {instancePath:instancePath+"/permissions",schemaPath:"#/$defs/Permissions/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"};
  if(vErrors === null){
vErrors = [err28];
}
  else {
vErrors.push(err28);
}
errors++;
}
}
  if(data23.network !== undefined){
  let data24 = data23.network;
  if(Array.isArray(data24)){
const len3 = data24.length;
  for(let i3=0; i3<len3; i3++){
  if(typeof data24[i3] !== "string"){
const err29 = {instancePath:instancePath+"/permissions/network/" + i3,schemaPath:"#/$defs/Permissions/properties/network/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err29];
}
  else {
vErrors.push(err29);
}
errors++;
}
}
}
  else {
const err30 = {instancePath:instancePath+"/permissions/network",schemaPath:"#/$defs/Permissions/properties/network/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err30];
}
  else {
vErrors.push(err30);
}
errors++;
}
}
  if(data23.read !== undefined){
  let data26 = data23.read;
  if(Array.isArray(data26)){
const len4 = data26.length;
  for(let i4=0; i4<len4; i4++){
  if(typeof data26[i4] !== "string"){
const err31 = {instancePath:instancePath+"/permissions/read/" + i4,schemaPath:"#/$defs/Permissions/properties/read/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err31];
}
  else {
vErrors.push(err31);
}
errors++;
}
}
}
  else {
const err32 = {instancePath:instancePath+"/permissions/read",schemaPath:"#/$defs/Permissions/properties/read/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err32];
}
  else {
vErrors.push(err32);
}
errors++;
}
}
  if(data23.write !== undefined){
  let data28 = data23.write;
  if(Array.isArray(data28)){
const len5 = data28.length;
  for(let i5=0; i5<len5; i5++){
  if(typeof data28[i5] !== "string"){
const err33 = {instancePath:instancePath+"/permissions/write/" + i5,schemaPath:"#/$defs/Permissions/properties/write/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err33];
}
  else {
vErrors.push(err33);
}
errors++;
}
}
}
  else {
const err34 = {instancePath:instancePath+"/permissions/write",schemaPath:"#/$defs/Permissions/properties/write/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err34];
}
  else {
vErrors.push(err34);
}
errors++;
}
}
  if(data23.env !== undefined){
  let data30 = data23.env;
  if(Array.isArray(data30)){
const len6 = data30.length;
  for(let i6=0; i6<len6; i6++){
  if(typeof data30[i6] !== "string"){
const err35 = {instancePath:instancePath+"/permissions/env/" + i6,schemaPath:"#/$defs/Permissions/properties/env/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err35];
}
  else {
vErrors.push(err35);
}
errors++;
}
}
}
  else {
const err36 = {instancePath:instancePath+"/permissions/env",schemaPath:"#/$defs/Permissions/properties/env/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err36];
}
  else {
vErrors.push(err36);
}
errors++;
}
}
  if(data23.invoke !== undefined){
  let data32 = data23.invoke;
  if(Array.isArray(data32)){
const len7 = data32.length;
  for(let i7=0; i7<len7; i7++){
  if(typeof data32[i7] !== "string"){
const err37 = {instancePath:instancePath+"/permissions/invoke/" + i7,schemaPath:"#/$defs/Permissions/properties/invoke/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err37];
}
  else {
vErrors.push(err37);
}
errors++;
}
}
}
  else {
const err38 = {instancePath:instancePath+"/permissions/invoke",schemaPath:"#/$defs/Permissions/properties/invoke/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err38];
}
  else {
vErrors.push(err38);
}
errors++;
}
}
  if(data23.host !== undefined){
  let data34 = data23.host;
  if(Array.isArray(data34)){
const len8 = data34.length;
  for(let i8=0; i8<len8; i8++){
  if(typeof data34[i8] !== "string"){
const err39 = {instancePath:instancePath+"/permissions/host/" + i8,schemaPath:"#/$defs/Permissions/properties/host/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err39];
}
  else {
vErrors.push(err39);
}
errors++;
}
}
}
  else {
const err40 = {instancePath:instancePath+"/permissions/host",schemaPath:"#/$defs/Permissions/properties/host/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err40];
}
  else {
vErrors.push(err40);
}
errors++;
}
}
}
  else {
const err41 = {instancePath:instancePath+"/permissions",schemaPath:"#/$defs/Permissions/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err41];
}
  else {
vErrors.push(err41);
}
errors++;
}
}
  if(data.limits !== undefined){
  let data36 = data.limits;
  if(data36 && typeof data36 == "object" && !Array.isArray(data36)){
  for(const key2 in data36){
  if(!(func1.call(schema44.properties, key2))){
const err42 = {instancePath:instancePath+"/limits",schemaPath:"#/$defs/Limits/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"};
  if(vErrors === null){
vErrors = [err42];
}
  else {
vErrors.push(err42);
}
errors++;
}
}
  if(data36.timeout_ms !== undefined){
  let data37 = data36.timeout_ms;
  if(!(((typeof data37 == "number") && (!(data37 % 1) && !isNaN(data37))) && (isFinite(data37)))){
const err43 = {instancePath:instancePath+"/limits/timeout_ms",schemaPath:"#/$defs/Limits/properties/timeout_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err43];
}
  else {
vErrors.push(err43);
}
errors++;
}
  if((typeof data37 == "number") && (isFinite(data37))){
  if(data37 < 1 || isNaN(data37)){
const err44 = {instancePath:instancePath+"/limits/timeout_ms",schemaPath:"#/$defs/Limits/properties/timeout_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err44];
}
  else {
vErrors.push(err44);
}
errors++;
}
}
}
  if(data36.start_timeout_ms !== undefined){
  let data38 = data36.start_timeout_ms;
  if(!(((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38))) && (isFinite(data38)))){
const err45 = {instancePath:instancePath+"/limits/start_timeout_ms",schemaPath:"#/$defs/Limits/properties/start_timeout_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err45];
}
  else {
vErrors.push(err45);
}
errors++;
}
  if((typeof data38 == "number") && (isFinite(data38))){
  if(data38 < 1 || isNaN(data38)){
const err46 = {instancePath:instancePath+"/limits/start_timeout_ms",schemaPath:"#/$defs/Limits/properties/start_timeout_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err46];
}
  else {
vErrors.push(err46);
}
errors++;
}
}
}
  if(data36.concurrency !== undefined){
  let data39 = data36.concurrency;
  if(!(((typeof data39 == "number") && (!(data39 % 1) && !isNaN(data39))) && (isFinite(data39)))){
const err47 = {instancePath:instancePath+"/limits/concurrency",schemaPath:"#/$defs/Limits/properties/concurrency/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err47];
}
  else {
vErrors.push(err47);
}
errors++;
}
  if((typeof data39 == "number") && (isFinite(data39))){
  if(data39 < 1 || isNaN(data39)){
const err48 = {instancePath:instancePath+"/limits/concurrency",schemaPath:"#/$defs/Limits/properties/concurrency/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err48];
}
  else {
vErrors.push(err48);
}
errors++;
}
}
}
  if(data36.calls_per_second !== undefined){
  let data40 = data36.calls_per_second;
  if((typeof data40 == "number") && (isFinite(data40))){
  if(data40 <= 0 || isNaN(data40)){
const err49 = {instancePath:instancePath+"/limits/calls_per_second",schemaPath:"#/$defs/Limits/properties/calls_per_second/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
  if(vErrors === null){
vErrors = [err49];
}
  else {
vErrors.push(err49);
}
errors++;
}
}
  else {
const err50 = {instancePath:instancePath+"/limits/calls_per_second",schemaPath:"#/$defs/Limits/properties/calls_per_second/type",keyword:"type",params:{type: "number"},message:"must be number"};
  if(vErrors === null){
vErrors = [err50];
}
  else {
vErrors.push(err50);
}
errors++;
}
}
  if(data36.memory_mb !== undefined){
  let data41 = data36.memory_mb;
  if((typeof data41 == "number") && (isFinite(data41))){
  if(data41 <= 0 || isNaN(data41)){
const err51 = {instancePath:instancePath+"/limits/memory_mb",schemaPath:"#/$defs/Limits/properties/memory_mb/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
  if(vErrors === null){
vErrors = [err51];
}
  else {
vErrors.push(err51);
}
errors++;
}
}
  else {
const err52 = {instancePath:instancePath+"/limits/memory_mb",schemaPath:"#/$defs/Limits/properties/memory_mb/type",keyword:"type",params:{type: "number"},message:"must be number"};
  if(vErrors === null){
vErrors = [err52];
}
  else {
vErrors.push(err52);
}
errors++;
}
}
  if(data36.cpu_seconds !== undefined){
  let data42 = data36.cpu_seconds;
  if((typeof data42 == "number") && (isFinite(data42))){
  if(data42 <= 0 || isNaN(data42)){
const err53 = {instancePath:instancePath+"/limits/cpu_seconds",schemaPath:"#/$defs/Limits/properties/cpu_seconds/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"};
  if(vErrors === null){
vErrors = [err53];
}
  else {
vErrors.push(err53);
}
errors++;
}
}
  else {
const err54 = {instancePath:instancePath+"/limits/cpu_seconds",schemaPath:"#/$defs/Limits/properties/cpu_seconds/type",keyword:"type",params:{type: "number"},message:"must be number"};
  if(vErrors === null){
vErrors = [err54];
}
  else {
vErrors.push(err54);
}
errors++;
}
}
  if(data36.open_files !== undefined){
  let data43 = data36.open_files;
  if(!(((typeof data43 == "number") && (!(data43 % 1) && !isNaN(data43))) && (isFinite(data43)))){
const err55 = {instancePath:instancePath+"/limits/open_files",schemaPath:"#/$defs/Limits/properties/open_files/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err55];
}
  else {
vErrors.push(err55);
}
errors++;
}
  if((typeof data43 == "number") && (isFinite(data43))){
  if(data43 < 1 || isNaN(data43)){
const err56 = {instancePath:instancePath+"/limits/open_files",schemaPath:"#/$defs/Limits/properties/open_files/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err56];
}
  else {
vErrors.push(err56);
}
errors++;
}
}
}
  if(data36.processes !== undefined){
  let data44 = data36.processes;
  if(!(((typeof data44 == "number") && (!(data44 % 1) && !isNaN(data44))) && (isFinite(data44)))){
const err57 = {instancePath:instancePath+"/limits/processes",schemaPath:"#/$defs/Limits/properties/processes/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err57];
}
  else {
vErrors.push(err57);
}
errors++;
}
  if((typeof data44 == "number") && (isFinite(data44))){
  if(data44 < 1 || isNaN(data44)){
const err58 = {instancePath:instancePath+"/limits/processes",schemaPath:"#/$defs/Limits/properties/processes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err58];
}
  else {
vErrors.push(err58);
}
errors++;
}
}
}
  if(data36.log_lines_per_second !== undefined){
  let data45 = data36.log_lines_per_second;
  if(!(((typeof data45 == "number") && (!(data45 % 1) && !isNaN(data45))) && (isFinite(data45)))){
const err59 = {instancePath:instancePath+"/limits/log_lines_per_second",schemaPath:"#/$defs/Limits/properties/log_lines_per_second/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err59];
}
  else {
vErrors.push(err59);
}
errors++;
}
  if((typeof data45 == "number") && (isFinite(data45))){
  if(data45 < 1 || isNaN(data45)){
const err60 = {instancePath:instancePath+"/limits/log_lines_per_second",schemaPath:"#/$defs/Limits/properties/log_lines_per_second/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err60];
}
  else {
vErrors.push(err60);
}
errors++;
}
}
}
}
  else {
const err61 = {instancePath:instancePath+"/limits",schemaPath:"#/$defs/Limits/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err61];
}
  else {
vErrors.push(err61);
}
errors++;
}
}
  if(data.restart !== undefined){
  let data46 = data.restart;
  if(data46 && typeof data46 == "object" && !Array.isArray(data46)){
  for(const key3 in data46){
  if(!((((((key3 === "intensity") || (key3 === "period_ms")) || (key3 === "backoff_ms")) || (key3 === "max_backoff_ms")) || (key3 === "drain_ms")) || (key3 === "stop_ms"))){
const err62 = {instancePath:instancePath+"/restart",schemaPath:"#/$defs/RestartPolicy/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"};
  if(vErrors === null){
vErrors = [err62];
}
  else {
vErrors.push(err62);
}
errors++;
}
}
  if(data46.intensity !== undefined){
  let data47 = data46.intensity;
  if(!(((typeof data47 == "number") && (!(data47 % 1) && !isNaN(data47))) && (isFinite(data47)))){
const err63 = {instancePath:instancePath+"/restart/intensity",schemaPath:"#/$defs/RestartPolicy/properties/intensity/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err63];
}
  else {
vErrors.push(err63);
}
errors++;
}
  if((typeof data47 == "number") && (isFinite(data47))){
  if(data47 < 0 || isNaN(data47)){
const err64 = {instancePath:instancePath+"/restart/intensity",schemaPath:"#/$defs/RestartPolicy/properties/intensity/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
  if(vErrors === null){
vErrors = [err64];
}
  else {
vErrors.push(err64);
}
errors++;
}
}
}
  if(data46.period_ms !== undefined){
  let data48 = data46.period_ms;
  if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
const err65 = {instancePath:instancePath+"/restart/period_ms",schemaPath:"#/$defs/RestartPolicy/properties/period_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err65];
}
  else {
vErrors.push(err65);
}
errors++;
}
  if((typeof data48 == "number") && (isFinite(data48))){
  if(data48 < 1 || isNaN(data48)){
const err66 = {instancePath:instancePath+"/restart/period_ms",schemaPath:"#/$defs/RestartPolicy/properties/period_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
  if(vErrors === null){
vErrors = [err66];
}
  else {
vErrors.push(err66);
}
errors++;
}
}
}
  if(data46.backoff_ms !== undefined){
  let data49 = data46.backoff_ms;
  if(!(((typeof data49 == "number") && (!(data49 % 1) && !isNaN(data49))) && (isFinite(data49)))){
const err67 = {instancePath:instancePath+"/restart/backoff_ms",schemaPath:"#/$defs/RestartPolicy/properties/backoff_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err67];
}
  else {
vErrors.push(err67);
}
errors++;
}
  if((typeof data49 == "number") && (isFinite(data49))){
  if(data49 < 0 || isNaN(data49)){
const err68 = {instancePath:instancePath+"/restart/backoff_ms",schemaPath:"#/$defs/RestartPolicy/properties/backoff_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
  if(vErrors === null){
vErrors = [err68];
}
  else {
vErrors.push(err68);
}
errors++;
}
}
}
  if(data46.max_backoff_ms !== undefined){
  let data50 = data46.max_backoff_ms;
  if(!(((typeof data50 == "number") && (!(data50 % 1) && !isNaN(data50))) && (isFinite(data50)))){
const err69 = {instancePath:instancePath+"/restart/max_backoff_ms",schemaPath:"#/$defs/RestartPolicy/properties/max_backoff_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err69];
}
  else {
vErrors.push(err69);
}
errors++;
}
  if((typeof data50 == "number") && (isFinite(data50))){
  if(data50 < 0 || isNaN(data50)){
const err70 = {instancePath:instancePath+"/restart/max_backoff_ms",schemaPath:"#/$defs/RestartPolicy/properties/max_backoff_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
  if(vErrors === null){
vErrors = [err70];
}
  else {
vErrors.push(err70);
}
errors++;
}
}
}
  if(data46.drain_ms !== undefined){
  let data51 = data46.drain_ms;
  if(!(((typeof data51 == "number") && (!(data51 % 1) && !isNaN(data51))) && (isFinite(data51)))){
const err71 = {instancePath:instancePath+"/restart/drain_ms",schemaPath:"#/$defs/RestartPolicy/properties/drain_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err71];
}
  else {
vErrors.push(err71);
}
errors++;
}
  if((typeof data51 == "number") && (isFinite(data51))){
  if(data51 < 0 || isNaN(data51)){
const err72 = {instancePath:instancePath+"/restart/drain_ms",schemaPath:"#/$defs/RestartPolicy/properties/drain_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
  if(vErrors === null){
vErrors = [err72];
}
  else {
vErrors.push(err72);
}
errors++;
}
}
}
  if(data46.stop_ms !== undefined){
  let data52 = data46.stop_ms;
  if(!(((typeof data52 == "number") && (!(data52 % 1) && !isNaN(data52))) && (isFinite(data52)))){
const err73 = {instancePath:instancePath+"/restart/stop_ms",schemaPath:"#/$defs/RestartPolicy/properties/stop_ms/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
  if(vErrors === null){
vErrors = [err73];
}
  else {
vErrors.push(err73);
}
errors++;
}
  if((typeof data52 == "number") && (isFinite(data52))){
  if(data52 < 0 || isNaN(data52)){
const err74 = {instancePath:instancePath+"/restart/stop_ms",schemaPath:"#/$defs/RestartPolicy/properties/stop_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
  if(vErrors === null){
vErrors = [err74];
}
  else {
vErrors.push(err74);
}
errors++;
}
}
}
}
  else {
const err75 = {instancePath:instancePath+"/restart",schemaPath:"#/$defs/RestartPolicy/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err75];
}
  else {
vErrors.push(err75);
}
errors++;
}
}
  if(data.dependencies !== undefined){
  let data53 = data.dependencies;
  if(data53 && typeof data53 == "object" && !Array.isArray(data53)){
  if(data53.python !== undefined){
  let data54 = data53.python;
  if(Array.isArray(data54)){
const len9 = data54.length;
  for(let i9=0; i9<len9; i9++){
  if(typeof data54[i9] !== "string"){
const err76 = {instancePath:instancePath+"/dependencies/python/" + i9,schemaPath:"#/properties/dependencies/properties/python/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err76];
}
  else {
vErrors.push(err76);
}
errors++;
}
}
}
  else {
const err77 = {instancePath:instancePath+"/dependencies/python",schemaPath:"#/properties/dependencies/properties/python/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err77];
}
  else {
vErrors.push(err77);
}
errors++;
}
}
  if(data53.plugins !== undefined){
  let data56 = data53.plugins;
  if(Array.isArray(data56)){
const len10 = data56.length;
  for(let i10=0; i10<len10; i10++){
  let data57 = data56[i10];
  if(typeof data57 === "string"){
  if(!pattern4.test(data57)){
const err78 = {instancePath:instancePath+"/dependencies/plugins/" + i10,schemaPath:"#/$defs/PluginId/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\""};
  if(vErrors === null){
vErrors = [err78];
}
  else {
vErrors.push(err78);
}
errors++;
}
}
  else {
const err79 = {instancePath:instancePath+"/dependencies/plugins/" + i10,schemaPath:"#/$defs/PluginId/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err79];
}
  else {
vErrors.push(err79);
}
errors++;
}
}
}
  else {
const err80 = {instancePath:instancePath+"/dependencies/plugins",schemaPath:"#/properties/dependencies/properties/plugins/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err80];
}
  else {
vErrors.push(err80);
}
errors++;
}
}
}
  else {
const err81 = {instancePath:instancePath+"/dependencies",schemaPath:"#/properties/dependencies/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err81];
}
  else {
vErrors.push(err81);
}
errors++;
}
}
  if(data.labels !== undefined){
  let data58 = data.labels;
  if(data58 && typeof data58 == "object" && !Array.isArray(data58)){
  for(const key4 in data58){
  let data59 = data58[key4];
const _errs129 = errors;
  let valid40 = false;
const _errs130 = errors;
  if(typeof data59 !== "string"){
const err82 = {instancePath:instancePath+"/labels/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/0/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err82];
}
  else {
vErrors.push(err82);
}
errors++;
}
  var _valid0 = _errs130 === errors;
valid40 = valid40 || _valid0;
const _errs132 = errors;
  if(Array.isArray(data59)){
const len11 = data59.length;
  for(let i11=0; i11<len11; i11++){
  if(typeof data59[i11] !== "string"){
const err83 = {instancePath:instancePath+"/labels/" + key4.replace(/~/g, "~0").replace(/\//g, "~1")+"/" + i11,schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err83];
}
  else {
vErrors.push(err83);
}
errors++;
}
}
}
  else {
const err84 = {instancePath:instancePath+"/labels/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf/1/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err84];
}
  else {
vErrors.push(err84);
}
errors++;
}
  var _valid0 = _errs132 === errors;
valid40 = valid40 || _valid0;
  if(!valid40){
const err85 = {instancePath:instancePath+"/labels/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/$defs/Labels/additionalProperties/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"};
  if(vErrors === null){
vErrors = [err85];
}
  else {
vErrors.push(err85);
}
errors++;
}
  else {
errors = _errs129;
  if(vErrors !== null){
  if(_errs129){
vErrors.length = _errs129;
}
  else {
vErrors = null;
}
}
}
}
}
  else {
const err86 = {instancePath:instancePath+"/labels",schemaPath:"#/$defs/Labels/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err86];
}
  else {
vErrors.push(err86);
}
errors++;
}
}
  if(data.node !== undefined){
  let data61 = data.node;
  if(data61 && typeof data61 == "object" && !Array.isArray(data61)){
  if(data61.isolation !== undefined){
  let data62 = data61.isolation;
  if(!((data62 === "worker") || (data62 === "none"))){
const err87 = {instancePath:instancePath+"/node/isolation",schemaPath:"#/properties/node/properties/isolation/enum",keyword:"enum",params:{allowedValues: schema31.properties.node.properties.isolation.enum},message:"must be equal to one of the allowed values"};
  if(vErrors === null){
vErrors = [err87];
}
  else {
vErrors.push(err87);
}
errors++;
}
}
}
  else {
const err88 = {instancePath:instancePath+"/node",schemaPath:"#/properties/node/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err88];
}
  else {
vErrors.push(err88);
}
errors++;
}
}
  if(data.wasm !== undefined){
  let data63 = data.wasm;
  if(!(data63 && typeof data63 == "object" && !Array.isArray(data63))){
const err89 = {instancePath:instancePath+"/wasm",schemaPath:"#/properties/wasm/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err89];
}
  else {
vErrors.push(err89);
}
errors++;
}
}
  if(data.process !== undefined){
  let data64 = data.process;
  if(!(data64 && typeof data64 == "object" && !Array.isArray(data64))){
const err90 = {instancePath:instancePath+"/process",schemaPath:"#/properties/process/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err90];
}
  else {
vErrors.push(err90);
}
errors++;
}
}
  if(data.python !== undefined){
  let data65 = data.python;
  if(!(data65 && typeof data65 == "object" && !Array.isArray(data65))){
const err91 = {instancePath:instancePath+"/python",schemaPath:"#/properties/python/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err91];
}
  else {
vErrors.push(err91);
}
errors++;
}
}
  if(data.sidecar !== undefined){
  let data66 = data.sidecar;
  if(!(data66 && typeof data66 == "object" && !Array.isArray(data66))){
const err92 = {instancePath:instancePath+"/sidecar",schemaPath:"#/properties/sidecar/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err92];
}
  else {
vErrors.push(err92);
}
errors++;
}
}
  if(data.worker !== undefined){
  let data67 = data.worker;
  if(data67 && typeof data67 == "object" && !Array.isArray(data67)){
  if(data67.command !== undefined){
  let data68 = data67.command;
  if(typeof data68 === "string"){
  if(!pattern11.test(data68)){
const err93 = {instancePath:instancePath+"/worker/command",schemaPath:"#/properties/worker/properties/command/pattern",keyword:"pattern",params:{pattern: "^[^\\u0000]+$"},message:"must match pattern \""+"^[^\\u0000]+$"+"\""};
  if(vErrors === null){
vErrors = [err93];
}
  else {
vErrors.push(err93);
}
errors++;
}
}
  else {
const err94 = {instancePath:instancePath+"/worker/command",schemaPath:"#/properties/worker/properties/command/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err94];
}
  else {
vErrors.push(err94);
}
errors++;
}
}
  if(data67.args !== undefined){
  let data69 = data67.args;
  if(Array.isArray(data69)){
const len12 = data69.length;
  for(let i12=0; i12<len12; i12++){
  if(typeof data69[i12] !== "string"){
const err95 = {instancePath:instancePath+"/worker/args/" + i12,schemaPath:"#/properties/worker/properties/args/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err95];
}
  else {
vErrors.push(err95);
}
errors++;
}
}
}
  else {
const err96 = {instancePath:instancePath+"/worker/args",schemaPath:"#/properties/worker/properties/args/type",keyword:"type",params:{type: "array"},message:"must be array"};
  if(vErrors === null){
vErrors = [err96];
}
  else {
vErrors.push(err96);
}
errors++;
}
}
  if(data67.env !== undefined){
  let data71 = data67.env;
  if(data71 && typeof data71 == "object" && !Array.isArray(data71)){
  for(const key5 in data71){
  if(typeof data71[key5] !== "string"){
const err97 = {instancePath:instancePath+"/worker/env/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/worker/properties/env/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
  if(vErrors === null){
vErrors = [err97];
}
  else {
vErrors.push(err97);
}
errors++;
}
}
}
  else {
const err98 = {instancePath:instancePath+"/worker/env",schemaPath:"#/properties/worker/properties/env/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err98];
}
  else {
vErrors.push(err98);
}
errors++;
}
}
}
  else {
const err99 = {instancePath:instancePath+"/worker",schemaPath:"#/properties/worker/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err99];
}
  else {
vErrors.push(err99);
}
errors++;
}
}
}
  else {
const err100 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
  if(vErrors === null){
vErrors = [err100];
}
  else {
vErrors.push(err100);
}
errors++;
}
validate20.errors = vErrors;
  return errors === 0;
}
validate20.evaluated = {"props":{"$schema":true,"id":true,"version":true,"description":true,"runtime":true,"entry_point":true,"class_name":true,"functions":true,"events":true,"subscriptions":true,"config":true,"service":true,"permissions":true,"limits":true,"restart":true,"dependencies":true,"labels":true,"node":true,"wasm":true,"process":true,"python":true,"sidecar":true,"worker":true},"dynamicProps":false,"dynamicItems":false};


export { checkWritable } from './atomic';
export { type Checkpoint, loadCheckpoint, loadWeights, type SaveCheckpointOptions, saveCheckpoint } from './checkpoint';
export { decodePng, type Image, type PngOptions, readPng, toGreyscale } from './png';
export {
  type LoadOptions,
  loadSafetensors,
  loadSafetensorsFile,
  type SafetensorsFile,
  type SaveOptions,
  saveSafetensors,
} from './safetensors';
export { fromTorch } from './torch';

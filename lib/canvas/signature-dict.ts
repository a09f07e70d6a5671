import type { SignatureDict } from '../message/signature.js';
import type { AnySignature } from './call.options.js';
import { makeSignature } from './signature.js';
import { readSignatureOptions, writeSignatureOptions } from './signature-options.js';

/** A call as Celery's dictionary, fit for `callbacks`, `errbacks`, `chain` and `chord`. */
export function toSignatureDict(signature: AnySignature): SignatureDict {
  return Object.freeze({
    task: signature.task,
    args: signature.args,
    kwargs: signature.kwargs,
    options: writeSignatureOptions(signature.options),
    subtask_type: null,
    immutable: signature.immutable,
  });
}

/** A dictionary from the wire that is one call. Its options are what they claim to be or are kept unread, so a bad one harms nobody. */
export function fromSignatureDict(dict: SignatureDict): AnySignature {
  const { args, kwargs } = dict;
  const options = readSignatureOptions(dict.options);
  return makeSignature(dict.task, { args, kwargs, immutable: dict.immutable === true, options });
}

import { openContent } from '../../lib/message/content.factory.js';
import type { Content } from '../../lib/message/content.js';
import { contentFields, type ContentConfig, type ContentOptions } from '../../lib/message/content.options.js';
import { readOptions } from '../../lib/runtime/options.js';

/** Content as an app with these options opens it. */
export async function contentOf(options: ContentOptions = {}): Promise<Content> {
  return openContent(readOptions<ContentConfig>('celery', options, contentFields));
}

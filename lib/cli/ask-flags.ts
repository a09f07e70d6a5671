import { duration, names, text, word } from './flag.js';

/** Who is asked, and how long; of every command that asks workers. */
export const ASK_FLAGS = {
  destination: names('-d, --destination <names>', 'these workers only, by their node names'),
  pattern: text('--pattern <pattern>', 'workers whose node name matches: celery@api-*'),
  matcher: word('--matcher <kind>', 'how --pattern is read: glob (default) or pcre', ['glob', 'pcre']),
  timeout: duration('-t, --timeout <time>', 'how long to wait for another answer (default: 1s)'),
} as const;

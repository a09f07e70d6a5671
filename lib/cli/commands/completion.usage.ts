import { one, usage } from '../usage.js';

export const completionUsage = usage({
  details:
    'bash: source <(nest-celery completion bash)\nzsh:  source <(nest-celery completion zsh)\nfish: nest-celery completion fish | source',
  args: { shell: one('shell', 'which', { words: ['bash', 'zsh', 'fish'], closed: true }) },
  flags: {},
  examples: ['nest-celery completion bash > /etc/bash_completion.d/nest-celery'],
});

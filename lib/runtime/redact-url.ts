/**
 * A URL, or several with `;` between them, fit for logs and errors: user kept, passwords and secret query values masked. What
 * was written without the escaping that a URL needs is masked too: it is shown in the error that says so.
 */
export function redactUrl(url: string): string {
  return url
    .replace(/(\/\/[^/@:;]*):[^;\s]*@/g, '$1:********@')
    .replace(/([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&;]*/gi, '$1********');
}

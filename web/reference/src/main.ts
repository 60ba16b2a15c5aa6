import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './page.css';
import { pagePlugin } from './plugin.js';

const dark = matchMedia('(prefers-color-scheme: dark)');
const dress = (): boolean => document.documentElement.classList.toggle('dark-mode', dark.matches);
dress();
dark.addEventListener('change', dress);

// Relative to the page, since a proxy may serve it below a path of its own.
const here = new URL('.', location.href);

async function show(): Promise<void> {
  const answer = await fetch(new URL('openapi.json', here));
  if (!answer.ok) throw new Error(`openapi.json answered with status ${answer.status}.`);
  SwaggerUI({
    dom_id: '#reference',
    spec: { ...(await answer.json()), servers: [{ url: here.href.replace(/\/$/, '') }] },
    filter: true,
    deepLinking: true,
    docExpansion: 'list',
    defaultModelRendering: 'example',
    defaultModelsExpandDepth: 0,
    syntaxHighlight: false,
    // By default the document's address is sent to a validator of another site.
    validatorUrl: null,
    plugins: [pagePlugin],
  });
}

show().catch((error: Error) => {
  const place = document.getElementById('reference');
  if (place) place.textContent = `The reference could not be loaded: ${error.message} Load the page again.`;
});

/** The page: one view of one daemon. */
import { render } from 'preact';
import { App } from './app.tsx';
import { Server } from './server.ts';

render(<App server={new Server(sessionStorage)} />, document.body);

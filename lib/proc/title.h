#ifndef WSGI_PROC_TITLE_H
#define WSGI_PROC_TITLE_H

/*
 * title - what ps(1) and pgrep(1) show of this process.
 */

/*
 * Let the command line be these words and the name the first of them: a gateway that has become an
 * interpreter is found under the name that it was started by. As many words as fit into the room of
 * the real command line; where that cannot be found, nothing changes.
 */
void wsgi_title_set(int argc, char *const *argv);

#endif

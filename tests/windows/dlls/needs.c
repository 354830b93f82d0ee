/* A library that needs another one; and one with a fault in it, at a place that is known. */
int needed(void);
__declspec(dllexport) int answer(void);
__declspec(dllexport) void fault(void);

static int *volatile nowhere;

__declspec(dllexport) int answer(void)
{
	return needed();
}

__declspec(dllexport) void fault(void)
{
	*nowhere = 1;
}

/* What needs.dll needs. */
__declspec(dllexport) int needed(void);

__declspec(dllexport) int needed(void)
{
	return 42;
}

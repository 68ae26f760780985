/** What a kind of step is dragged as. */
export const DRAGGED = "text/onepool-kind";

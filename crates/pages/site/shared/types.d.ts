/** The types of what pages share that comments cannot say: a type that holds itself. */

/** What may stand inside an element. */
export type Child = Node | string | number | null | undefined | false | Child[];

/**
 * Nothing is changed in a copy, and no dialogs are in it.
 */

export async function open() {}

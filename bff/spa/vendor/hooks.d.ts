export interface Ref<T> { current: T }
export function useState<T>(initial: T | (() => T)): [T, (next: T | ((now: T) => T)) => void]
export function useReducer<S, A>(reducer: (state: S, action: A) => S, initial: S): [S, (action: A) => void]
export function useRef<T>(initial: T): Ref<T>
export function useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void
export function useLayoutEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void
export function useMemo<T>(make: () => T, inputs: readonly unknown[]): T
export function useCallback<T>(callback: T, inputs: readonly unknown[]): T
export function useId(): string

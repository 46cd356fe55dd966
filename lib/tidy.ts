import { graphTensors } from './autograd';
import { collect, enterScope, tensorsIn } from './scope';
import { isTensor } from './tensor';

/**
 * Runs `fn` and frees every tensor made in it but those it returns (in arrays and plain objects too), what their
 * gradients need, and gradients left in `grad`. `fn` is synchronous.
 */
export function tidy<R>(fn: () => R): R {
  const { result, made } = collect(fn);
  const returned = new Set(tensorsIn(result, isTensor));
  const needed = graphTensors([...returned]);
  for (const tensor of made) {
    if (!needed.has(tensor)) {
      tensor.dispose();
    } else {
      if (!returned.has(tensor)) tensor.ownedByGraph = true;
      enterScope(tensor);
    }
  }
  return result;
}

/**
 * What `recslib.recommend` does, for scripts of the pages: fold a person in,
 * predict stars, list neighbours; the LSTM; and the network that ranks.
 *
 * Nothing is asked of any host. The numbers come from `films.js`, `lstm.js`
 * and `network.js`, which the build writes; see `recslib/export.py`. All sums
 * are in double precision.
 */
"use strict";

(function () {
  const KINDS = {
    float32: Float32Array,
    int16: Int16Array,
    int8: Int8Array,
  };

  /**
   * Turn base64 of little-endian numbers into an array.
   * @param {string} packed
   * @param {"float32"|"int16"|"int8"} kind
   * @returns {Float32Array|Int16Array|Int8Array}
   */
  function numbers(packed, kind) {
    const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
    return new KINDS[kind](bytes.buffer);
  }

  /**
   * Turn what `films.js` holds into arrays of numbers.
   * @param {Object} films `window.recslibFilms`.
   * @returns {Object} The same names in camelCase; `factors` are a
   *   Float64Array, film by film, `nFactors` each.
   */
  function decode(films) {
    const nFactors = films.n_factors;
    const steps = numbers(films.factor_steps, "float32");
    const whole = numbers(films.factors, "int16");
    const factors = new Float64Array(whole.length);
    for (let place = 0; place < whole.length; place++) {
      factors[place] = whole[place] * steps[place % nFactors];
    }
    return {
      fingerprint: films.fingerprint,
      titlesFingerprint: films.titles_fingerprint,
      nItems: films.titles.length,
      nFactors,
      mean: films.mean,
      scale: films.scale,
      l2: films.l2,
      ridge: films.ridge,
      titles: films.titles,
      counts: films.counts,
      genres: films.genres,
      itemBiases: numbers(films.item_biases, "float32"),
      factors,
      baseline: {
        mean: films.baseline.mean,
        itemBiases: numbers(films.baseline.item_biases, "float32"),
        damping: films.baseline.damping,
      },
      map: {
        x: numbers(films.map.x, "float32"),
        y: numbers(films.map.y, "float32"),
      },
    };
  }

  /**
   * Take the factors of one film.
   * @param {Object} model From `decode`.
   * @param {number} item Row index.
   * @returns {Float64Array} A view, `nFactors` long.
   */
  function factorsOf(model, item) {
    const start = item * model.nFactors;
    return model.factors.subarray(start, start + model.nFactors);
  }

  /**
   * @param {ArrayLike<number>} a
   * @param {ArrayLike<number>} b
   * @returns {number} Their dot product.
   */
  function dot(a, b) {
    let sum = 0;
    for (let place = 0; place < a.length; place++) {
      sum += a[place] * b[place];
    }
    return sum;
  }

  /**
   * Factorize a positive definite matrix: lower times its transpose.
   * @param {Float64Array[]} matrix K rows of K; only the lower half is read.
   * @returns {Float64Array[]} The lower factor.
   */
  function cholesky(matrix) {
    const lower = matrix.map((row) => new Float64Array(row.length));
    for (let i = 0; i < matrix.length; i++) {
      for (let j = 0; j <= i; j++) {
        let left = matrix[i][j];
        for (let k = 0; k < j; k++) {
          left -= lower[i][k] * lower[j][k];
        }
        lower[i][j] = i === j ? Math.sqrt(left) : left / lower[j][j];
      }
    }
    return lower;
  }

  /**
   * Solve lower x = values, from the first row down.
   * @param {Float64Array[]} lower
   * @param {ArrayLike<number>} values
   * @returns {Float64Array}
   */
  function solveDown(lower, values) {
    const solved = Float64Array.from(values);
    for (let i = 0; i < solved.length; i++) {
      for (let k = 0; k < i; k++) {
        solved[i] -= lower[i][k] * solved[k];
      }
      solved[i] /= lower[i][i];
    }
    return solved;
  }

  /**
   * Solve lower lower' x = values.
   * @param {Float64Array[]} lower
   * @param {ArrayLike<number>} values
   * @returns {Float64Array}
   */
  function solve(lower, values) {
    const solved = solveDown(lower, values);
    for (let i = solved.length - 1; i >= 0; i--) {
      for (let k = i + 1; k < solved.length; k++) {
        solved[i] -= lower[k][i] * solved[k];
      }
      solved[i] /= lower[i][i];
    }
    return solved;
  }

  /**
   * Fit a new person to the films as they are: `recslib.recommend.fold_in`.
   *
   * The same ridge regression, by its dual: one equation a rating instead of
   * one a factor, for people rate fewer films than a film has factors.
   * @param {Object} model From `decode`.
   * @param {number[]} items Row indexes of what the person rated.
   * @param {number[]} stars One for each.
   * @param {{l2: number, ridge: number}} [charge] The model's own if left out.
   * @returns {Object} `factors` and `bias` of the person (zeros for nobody),
   *   and what `listen` needs.
   */
  function foldIn(model, items, stars, charge) {
    const { l2, ridge } = charge || model;
    const rows = items.map((item) => factorsOf(model, item));
    const leftOver = Float64Array.from(
      items,
      (item, k) => stars[k] - model.mean - model.itemBiases[item],
    );
    const products = rows.map((row) =>
      Float64Array.from(rows, (other) => dot(row, other) + 1),
    );
    products.forEach((row, k) => {
      row[k] += l2 * items.length + ridge;
    });
    const lower = cholesky(products);
    const weights = solve(lower, leftOver);
    const factors = new Float64Array(model.nFactors);
    let bias = 0;
    rows.forEach((row, k) => {
      bias += weights[k];
      row.forEach((factor, f) => {
        factors[f] += weights[k] * factor;
      });
    });
    return { factors, bias, leftOver, lower };
  }

  /**
   * Predict a person's stars: `recslib.recommend.score_items`.
   * @param {Object} model From `decode`.
   * @param {Object} person From `foldIn`.
   * @returns {Float64Array} One a film, not clipped to the scale.
   */
  function scores(model, person) {
    return Float64Array.from(
      model.itemBiases,
      (bias, item) =>
        model.mean +
        person.bias +
        bias +
        dot(factorsOf(model, item), person.factors),
    );
  }

  /**
   * List the films whose factors point the same way:
   * `recslib.recommend.nearest_items`.
   * @param {Object} model From `decode`.
   * @param {number} item Row index of the film to start from.
   * @param {number} n Length of the list.
   * @param {number} [minRatings] Leave out films with fewer ratings.
   * @returns {{item: number, cosine: number}[]} The nearest first.
   */
  function nearest(model, item, n, minRatings = 1) {
    const from = factorsOf(model, item);
    const length = (row) => Math.max(Math.sqrt(dot(row, row)), 1e-8);
    const found = [];
    for (let other = 0; other < model.nItems; other++) {
      if (other !== item && model.counts[other] >= minRatings) {
        const row = factorsOf(model, other);
        const cosine = dot(from, row) / (length(from) * length(row));
        found.push({ item: other, cosine });
      }
    }
    return found.sort((a, b) => b.cosine - a.cosine).slice(0, n);
  }

  /**
   * Predict by mean and damped biases: `recslib.baselines.damped_biases`,
   * with the person's own bias worked out as it works out a user's.
   * @param {Object} model From `decode`.
   * @param {number[]} items Row indexes of what the person rated.
   * @param {number[]} stars One for each.
   * @returns {Float64Array} One a film, not clipped to the scale.
   */
  function baselineScores(model, items, stars) {
    const { mean, itemBiases, damping } = model.baseline;
    let sum = 0;
    items.forEach((item, k) => {
      sum += stars[k] - mean - itemBiases[item];
    });
    const own = items.length ? sum / (items.length + damping) : 0;
    return Float64Array.from(itemBiases, (bias) => mean + own + bias);
  }

  /**
   * Turn what `lstm.js` holds into arrays of numbers.
   * @param {Object} lstm `window.recslibLstm`.
   * @param {Object} model From `decode`, with the fingerprint `lstm.of`.
   * @returns {Object} Weights, row by row, and `known`: what the LSTM hears
   *   of each film, `nHeard` numbers each.
   */
  function decodeLstm(lstm, model) {
    const nHeard = lstm.n_heard;
    const directions = numbers(lstm.directions, "float32");
    const known = new Float64Array(model.nItems * nHeard);
    for (let item = 0; item < model.nItems; item++) {
      factorsOf(model, item).forEach((factor, f) => {
        for (let h = 0; h < nHeard; h++) {
          known[item * nHeard + h] += factor * directions[f * nHeard + h];
        }
      });
    }
    return {
      ridge: lstm.ridge,
      nHeard,
      nHidden: lstm.n_hidden,
      known,
      inputWeights: numbers(lstm.input_weights, "float32"),
      hiddenWeights: numbers(lstm.hidden_weights, "float32"),
      biases: numbers(lstm.biases, "float32"),
      tasteWeights: numbers(lstm.taste_weights, "float32"),
      tasteBiases: numbers(lstm.taste_biases, "float32"),
    };
  }

  /**
   * Multiply a matrix, row by row in one array, by a vector.
   * @param {Float32Array} weights
   * @param {ArrayLike<number>} values
   * @returns {Float64Array}
   */
  function times(weights, values) {
    const width = values.length;
    return Float64Array.from({ length: weights.length / width }, (_, row) =>
      dot(weights.subarray(row * width, (row + 1) * width), values),
    );
  }

  /**
   * Let the LSTM hear one rating: a step of `torch.nn.LSTM`.
   * @param {Object} lstm From `decodeLstm`.
   * @param {Float64Array} heard The film's numbers, and the surprise.
   * @param {{output: Float64Array, memory: Float64Array}} state
   * @returns {{output: Float64Array, memory: Float64Array}}
   */
  function step(lstm, heard, state) {
    const size = lstm.nHidden;
    const fromInput = times(lstm.inputWeights, heard);
    const fromOutput = times(lstm.hiddenWeights, state.output);
    const sums = fromInput.map(
      (sum, place) => sum + fromOutput[place] + lstm.biases[place],
    );
    const gate = (sum) => 1 / (1 + Math.exp(-sum));
    const memory = new Float64Array(size);
    const output = new Float64Array(size);
    for (let h = 0; h < size; h++) {
      // PyTorch's order: input, forget, new, output.
      const write = gate(sums[h]);
      const keep = gate(sums[size + h]);
      const news = Math.tanh(sums[2 * size + h]);
      memory[h] = keep * state.memory[h] + write * news;
      output[h] = gate(sums[3 * size + h]) * Math.tanh(memory[h]);
    }
    return { output, memory };
  }

  /**
   * Predict a person's stars by the LSTM, which hears the
   * ratings in their order and mends what folding in predicts.
   * @param {Object} model From `decode`.
   * @param {Object} lstm From `decodeLstm`.
   * @param {number[]} items Row indexes, in the order in which they are heard.
   * @param {number[]} stars One for each.
   * @returns {Float64Array} One a film, not clipped to the scale.
   */
  function listen(model, lstm, items, stars) {
    const { nHeard, nHidden } = lstm;
    const person = foldIn(model, items, stars, { l2: 0, ridge: lstm.ridge });
    // Entry t times the diagonal: what folding in all before t left of t. See
    // recslib.recommend.fold_in_ahead.
    const ahead = solveDown(person.lower, person.leftOver);
    const of = (item) =>
      lstm.known.subarray(item * nHeard, (item + 1) * nHeard);
    let state = {
      output: new Float64Array(nHidden),
      memory: new Float64Array(nHidden),
    };
    // Before the first rating it hears nothing, as in training.
    state = step(lstm, new Float64Array(nHeard + 1), state);
    items.forEach((item, t) => {
      const heard = new Float64Array(nHeard + 1);
      heard.set(of(item));
      heard[nHeard] = person.lower[t][t] * ahead[t];
      state = step(lstm, heard, state);
    });
    const taste = times(lstm.tasteWeights, state.output).map(
      (sum, place) => sum + lstm.tasteBiases[place],
    );
    const base = scores(model, person);
    return base.map(
      (score, item) =>
        score + taste[nHeard] + dot(of(item), taste.subarray(0, nHeard)),
    );
  }

  /**
   * Turn what `network.js` holds into arrays of numbers.
   * @param {Object} network `window.recslibNetwork`.
   * @returns {Object} The same names in camelCase. Weights stand film by
   *   film, `nHidden` each, in whole steps: those of what is heard first for
   *   all films that are liked, then for all that are not.
   */
  function decodeNetwork(network) {
    return {
      liked: network.liked,
      nHidden: network.n_hidden,
      heardWeights: numbers(network.heard_weights, "int8"),
      heardSteps: numbers(network.heard_steps, "float32"),
      hiddenBiases: numbers(network.hidden_biases, "float32"),
      toldWeights: numbers(network.told_weights, "int8"),
      toldSteps: numbers(network.told_steps, "float32"),
      toldBiases: numbers(network.told_biases, "float32"),
    };
  }

  /**
   * The error function, by a series whose terms are all positive: M.
   * Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 7.1.6.
   * @param {number} x
   * @returns {number} -1 to 1.
   */
  function erf(x) {
    // From here on, no double lies between it and 1.
    if (Math.abs(x) > 6) return Math.sign(x);
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  /** @returns {number} What `torch.nn.functional.gelu` makes of a number. */
  function gelu(x) {
    return (x / 2) * (1 + erf(x / Math.SQRT2));
  }

  /**
   * Take the weights with which a rating is heard.
   * @param {Object} network From `decodeNetwork`.
   * @param {number} item Row index of the film.
   * @param {number} stars
   * @returns {Int8Array} A view, in steps.
   */
  function heardWeightsOf(network, item, stars) {
    const { nHidden, heardWeights, toldBiases, liked } = network;
    const row = stars >= liked ? item : toldBiases.length + item;
    return heardWeights.subarray(row * nHidden, (row + 1) * nHidden);
  }

  /**
   * Work out the hidden numbers of somebody.
   * @param {Object} network From `decodeNetwork`.
   * @param {ArrayLike<number>} sums Of the weights of all ratings, in steps.
   * @param {number} n How many ratings that are.
   * @returns {Float64Array}
   */
  function hiddenNumbers(network, sums, n) {
    const length = Math.sqrt(Math.max(n, 1));
    return Float64Array.from(sums, (sum, h) =>
      gelu((sum * network.heardSteps[h]) / length + network.hiddenBiases[h]),
    );
  }

  /** @returns {number} The score of one film. */
  function told(network, hidden, item) {
    const { nHidden, toldWeights, toldSteps, toldBiases } = network;
    const start = item * nHidden;
    const weights = toldWeights.subarray(start, start + nHidden);
    return toldSteps[item] * dot(weights, hidden) + toldBiases[item];
  }

  /** @returns {Float64Array} Over ratings, the sums of their weights. */
  function heardSums(network, items, stars) {
    const sums = new Float64Array(network.nHidden);
    items.forEach((item, k) => {
      heardWeightsOf(network, item, stars[k]).forEach((weight, h) => {
        sums[h] += weight;
      });
    });
    return sums;
  }

  /**
   * Rank films for a person: `recslib.models.ListAutoencoder`.
   * @param {Object} network From `decodeNetwork`.
   * @param {number[]} items Row indexes of what the person rated.
   * @param {number[]} stars One for each.
   * @returns {Float64Array} One score a film. They are no stars, and say only
   *   which of two films comes first.
   */
  function rankingScores(network, items, stars) {
    const sums = heardSums(network, items, stars);
    const hidden = hiddenNumbers(network, sums, items.length);
    return Float64Array.from(network.toldBiases, (_, item) =>
      told(network, hidden, item),
    );
  }

  /**
   * Leave each rating out in turn, and score films again:
   * `recslib.recommend.leave_each_out`.
   * @param {Object} network From `decodeNetwork`.
   * @param {number[]} items Row indexes of what the person rated.
   * @param {number[]} stars One for each.
   * @param {number[]} films Row indexes of what is scored.
   * @returns {number[][]} A row a film, with a number a rating: by how much
   *   the film's score falls without it, above 0 where it speaks for the
   *   film.
   */
  function leaveEachOut(network, items, stars, films) {
    const n = items.length;
    const sums = heardSums(network, items, stars);
    const all = hiddenNumbers(network, sums, n);
    // Whatever is left out, the sums are whole numbers, and so exact.
    const without = items.map((item, k) => {
      const weights = heardWeightsOf(network, item, stars[k]);
      const left = sums.map((sum, h) => sum - weights[h]);
      return hiddenNumbers(network, left, n - 1);
    });
    return films.map((film) => {
      const score = told(network, all, film);
      return without.map((hidden) => score - told(network, hidden, film));
    });
  }

  window.recslib = {
    decode,
    decodeLstm,
    decodeNetwork,
    foldIn,
    scores,
    nearest,
    baselineScores,
    listen,
    rankingScores,
    leaveEachOut,
  };
})();

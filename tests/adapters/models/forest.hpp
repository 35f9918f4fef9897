// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// Written by scripts/make_model.py: a random forest, trained with scikit-learn 1.2.1 on 6810 rows.
// Columns: vibration, impulsiveness, ringing, outer_ring, inner_ring, shaft_line, tooth_pass, current.

#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/model_vectors.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

// clang-format off
namespace forest {

inline constexpr std::size_t columns = 8, outputs = 4;

using skerry::anomaly::array_node;
inline constexpr std::array<array_node, 193> nodes{{
    {2.6200626F, 0, 24}, {0.07845362F, 4, 7}, {2.3909607F, 0, 6}, {10.328178F, 5, 5}, {0, array_node::leaf, 0}, {0, array_node::leaf, 1},
    {0, array_node::leaf, 2}, {0.36472797F, 7, 17}, {0.082041554F, 4, 10}, {0, array_node::leaf, 2}, {0.13372828F, 1, 14},
    {1.6262001F, 0, 13}, {0, array_node::leaf, 0}, {0, array_node::leaf, 3}, {-0.96868485F, 2, 16}, {0, array_node::leaf, 4},
    {0, array_node::leaf, 5}, {0.22781391F, 4, 23}, {-0.5040863F, 2, 22}, {-0.29336485F, 3, 21}, {0, array_node::leaf, 0},
    {0, array_node::leaf, 6}, {0, array_node::leaf, 0}, {0, array_node::leaf, 0}, {7.8053346F, 4, 42}, {162.21849F, 0, 39},
    {-2.7311878F, 1, 34}, {2.8498409F, 4, 31}, {22.572798F, 2, 30}, {0, array_node::leaf, 1}, {0, array_node::leaf, 7}, {9.999461F, 3, 33},
    {0, array_node::leaf, 8}, {0, array_node::leaf, 7}, {8.4106865F, 5, 38}, {2.3544667F, 5, 37}, {0, array_node::leaf, 9},
    {0, array_node::leaf, 10}, {0, array_node::leaf, 1}, {13.534337F, 3, 41}, {0, array_node::leaf, 1}, {0, array_node::leaf, 7},
    {-0.08820761F, 1, 52}, {1.0911465F, 6, 49}, {2.0583315F, 5, 48}, {-0.62873167F, 1, 47}, {0, array_node::leaf, 11},
    {0, array_node::leaf, 12}, {0, array_node::leaf, 13}, {11.448294F, 3, 51}, {0, array_node::leaf, 13}, {0, array_node::leaf, 7},
    {44.329575F, 2, 58}, {10.204146F, 4, 57}, {12.675128F, 3, 56}, {0, array_node::leaf, 13}, {0, array_node::leaf, 7},
    {0, array_node::leaf, 13}, {0.931705F, 5, 60}, {0, array_node::leaf, 7}, {15.052677F, 3, 62}, {0, array_node::leaf, 13},
    {0, array_node::leaf, 12}, {2.5609365F, 0, 81}, {0.7165363F, 4, 72}, {2.4484146F, 0, 69}, {8.830216F, 5, 68}, {0, array_node::leaf, 0},
    {0, array_node::leaf, 1}, {0.111045785F, 4, 71}, {0, array_node::leaf, 1}, {0, array_node::leaf, 0}, {0.71920514F, 4, 74},
    {0, array_node::leaf, 14}, {0.0033641278F, 6, 80}, {1.5815134F, 0, 77}, {0, array_node::leaf, 0}, {0.29277018F, 2, 79},
    {0, array_node::leaf, 1}, {0, array_node::leaf, 0}, {0, array_node::leaf, 0}, {11.185201F, 3, 99}, {1.6010079F, 3, 92},
    {11.405603F, 2, 87}, {8.029156F, 5, 86}, {0, array_node::leaf, 13}, {0, array_node::leaf, 1}, {23.727749F, 2, 91}, {170.8337F, 5, 90},
    {0, array_node::leaf, 13}, {0, array_node::leaf, 1}, {0, array_node::leaf, 13}, {188.40727F, 0, 98}, {5.0592136F, 4, 97},
    {5.165154F, 3, 96}, {0, array_node::leaf, 1}, {0, array_node::leaf, 15}, {0, array_node::leaf, 13}, {0, array_node::leaf, 1},
    {3.2510724F, 5, 101}, {0, array_node::leaf, 7}, {0, array_node::leaf, 13}, {3.1550193F, 3, 108}, {11.832013F, 5, 107},
    {6.4066586F, 2, 106}, {0, array_node::leaf, 0}, {0, array_node::leaf, 13}, {0, array_node::leaf, 1}, {1.7628994F, 5, 116},
    {16.578463F, 0, 113}, {5.375059F, 2, 112}, {0, array_node::leaf, 0}, {0, array_node::leaf, 13}, {8.671005F, 3, 115},
    {0, array_node::leaf, 13}, {0, array_node::leaf, 7}, {-0.10631232F, 7, 124}, {216.6198F, 0, 121}, {8.455882F, 4, 120},
    {0, array_node::leaf, 7}, {0, array_node::leaf, 13}, {-36.254284F, 1, 123}, {0, array_node::leaf, 1}, {0, array_node::leaf, 16},
    {15.300782F, 3, 132}, {13.294223F, 3, 129}, {230.40495F, 0, 128}, {0, array_node::leaf, 13}, {0, array_node::leaf, 1},
    {78.08205F, 0, 131}, {0, array_node::leaf, 17}, {0, array_node::leaf, 13}, {0, array_node::leaf, 7}, {2.7834606F, 4, 139},
    {7.226362F, 3, 138}, {8.834042F, 5, 137}, {0, array_node::leaf, 0}, {0, array_node::leaf, 1}, {0, array_node::leaf, 7},
    {11.192606F, 3, 145}, {12.812848F, 5, 144}, {5.404026F, 2, 143}, {0, array_node::leaf, 0}, {0, array_node::leaf, 13},
    {0, array_node::leaf, 1}, {3.131472F, 1, 149}, {3.6706855F, 5, 148}, {0, array_node::leaf, 7}, {0, array_node::leaf, 13},
    {2.9670904F, 5, 151}, {0, array_node::leaf, 7}, {13.360201F, 4, 153}, {0, array_node::leaf, 12}, {0, array_node::leaf, 13},
    {3.3858476F, 2, 172}, {2.8088195F, 2, 169}, {2.6200626F, 0, 168}, {-1.823854F, 7, 161}, {-1.6578422F, 6, 160},
    {0, array_node::leaf, 18}, {0, array_node::leaf, 0}, {1.3110375F, 7, 165}, {5.928338e-05F, 6, 164}, {0, array_node::leaf, 19},
    {0, array_node::leaf, 0}, {1.622234F, 0, 167}, {0, array_node::leaf, 0}, {0, array_node::leaf, 20}, {0, array_node::leaf, 1},
    {32.23575F, 5, 171}, {0, array_node::leaf, 0}, {0, array_node::leaf, 1}, {263.92856F, 0, 190}, {7.811055F, 4, 183},
    {-20.005123F, 1, 176}, {0, array_node::leaf, 1}, {-9.385826F, 1, 180}, {2.755062F, 5, 179}, {0, array_node::leaf, 7},
    {0, array_node::leaf, 13}, {18.509157F, 0, 182}, {0, array_node::leaf, 12}, {0, array_node::leaf, 21}, {16.237202F, 3, 189},
    {1.7627922F, 7, 186}, {0, array_node::leaf, 13}, {12.359234F, 3, 188}, {0, array_node::leaf, 13}, {0, array_node::leaf, 12},
    {0, array_node::leaf, 7}, {295.83987F, 5, 192}, {0, array_node::leaf, 22}, {0, array_node::leaf, 1}}};
inline constexpr std::array<std::uint16_t, 5> roots{
    0, 63, 102, 133, 154};
inline constexpr std::array<float, 92> leaves{
    0.2F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.2F, 0.15F, 0.0F, 0.0F, 0.05F, 0.1882353F, 0.0F, 0.0F, 0.011764706F, 0.18507463F, 0.0F,
    0.0F, 0.014925373F, 0.19847716F, 0.0F, 0.0F, 0.0015228427F, 0.1F, 0.0F, 0.0F, 0.1F, 0.0F, 0.2F, 0.0F, 0.0F, 0.0F, 0.0F, 0.18181819F,
    0.018181818F, 0.0F, 0.19904763F, 0.00095238094F, 0.0F, 0.0F, 0.08888889F, 0.11111111F, 0.0F, 0.0F, 0.19159664F, 0.008403362F, 0.0F,
    0.0F, 0.1F, 0.1F, 0.0F, 0.0F, 0.0F, 0.2F, 0.0F, 0.06666667F, 0.0F, 0.0F, 0.13333334F, 0.0F, 0.1875F, 0.0125F, 0.0F, 0.0F, 0.13333334F,
    0.0F, 0.06666667F, 0.0F, 0.12F, 0.08F, 0.0F, 0.12F, 0.0F, 0.0F, 0.08F, 0.19935931F, 0.0F, 0.0F, 0.0006406834F, 0.15714286F, 0.0F, 0.0F,
    0.042857144F, 0.0F, 0.19915015F, 0.00084985833F, 0.0F, 0.0F, 0.1F, 0.0F, 0.1F};
inline constexpr std::array<float, 4> base{
    0.0F, 0.0F, 0.0F, 0.0F};
inline constexpr skerry::anomaly::array_trees trees{roots, nodes, leaves, base, columns, skerry::anomaly::activation::none};
static_assert(skerry::anomaly::sound(trees), "trees whose ways end at leaves");

/// Rows with the answers that the model gave where it was made.
inline constexpr std::array<float, 192> vector_rows{
    -0.55529433F, 0.8239504F, -0.3856856F, -0.9204911F, 0.5978356F, 0.4528943F, -1.9298354F, -0.58263165F, -0.24114943F, -0.7667864F,
    -0.27673396F, -1.0141324F, 1.6826589F, 0.50577635F, -0.80067694F, -2.0328753F, 0.10284424F, -0.1984111F, -0.47608575F, -0.89584935F,
    -0.89558226F, 0.5663619F, 0.35772917F, 0.9408074F, 128.65868F, -2.2584188F, 66.288704F, 19.735922F, 6.6357603F, -0.61533594F,
    -0.8347725F, 0.56068283F, 128.51643F, -0.18645136F, 48.185978F, 17.663696F, 5.8776636F, 0.90201455F, -2.3472464F, -0.11345864F,
    128.9369F, -2.0659692F, 66.0816F, 19.701492F, 6.02684F, -0.7135131F, 0.5244761F, 0.9601934F, 36.279408F, 1.6591235F, 20.47376F,
    5.2879343F, 10.209866F, 2.9577165F, 0.8144046F, -0.12482376F, 57.32767F, 4.708302F, 39.663017F, 10.743971F, 14.795867F, 2.4418054F,
    -1.7710929F, -1.1244731F, 47.112514F, -0.8425466F, 40.7058F, 2.2927835F, 12.758363F, 2.3666837F, 2.3669612F, 0.049308043F, 164.00537F,
    -27.762518F, 3.438797F, 0.3420069F, 1.2324307F, 178.90218F, 0.8274335F, -0.9420973F, 55.25495F, -7.5252695F, 0.08734688F, 0.5312325F,
    0.47240776F, 72.39122F, 0.60991246F, -0.24361596F, 202.69917F, -32.3337F, 0.7580302F, -1.6097777F, -0.94158876F, 195.0776F,
    -0.4400097F, 0.06588937F, 2.2862773F, 1.0856801F, 0.041701876F, -0.33519682F, 0.7169867F, 14.346102F, -0.37302095F, 0.34800985F,
    87.264305F, -5.42721F, 45.544785F, 6.7203345F, 7.128641F, 2.920681F, 0.19421007F, -0.32053736F, 52.05062F, -8.157824F, 60.559902F,
    7.7734313F, 4.4507747F, 5.588537F, 0.3649211F, 0.64770555F, 83.95483F, -6.9555683F, 45.20361F, 10.9398365F, 7.7473283F, 4.5821342F,
    0.02155825F, 1.7671078F, 1.6829505F, 0.9124931F, -0.5748397F, 0.7776516F, 0.9769275F, 19.879883F, 0.0F, -0.28099513F, 2.5683427F,
    1.9228418F, 2.495744F, 0.3403677F, 1.7637311F, 14.771392F, -1.1881781F, -0.32255167F, 1.6527797F, -0.18071641F, -0.87816054F,
    -0.862664F, 0.8711057F, 14.706822F, -1.2102344F, -0.04571302F, 1.9560766F, 0.35383865F, -0.99420244F, -0.45822892F, 0.33726588F,
    18.26553F, 0.0F, -0.21643333F, 2.2803955F, 0.2308205F, -1.5214198F, 0.0863834F, 1.2787758F, 21.270847F, 0.0F, 0.2838162F, 2.2888594F,
    0.13923839F, -1.3736675F, 0.4782059F, 0.25767606F, 14.44495F, -0.009173756F, 0.36381677F, 2.3322604F, 2.1845071F, -0.19889456F,
    0.481662F, 1.0166663F, 18.14595F, 0.0F, 1.5088624F, 2.4966059F, 0.7169329F, 0.79437566F, -0.43239146F, -1.0521672F, 14.243207F,
    -0.47085366F, -1.5076357F};
inline constexpr std::array<float, 96> vector_answers{
    0.9978365F, 0.0F, 0.0F, 0.0021635261F, 1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.9981978F, 0.0018022393F, 0.0F, 0.0F,
    0.9981978F, 0.0018022393F, 0.0F, 0.0F, 0.9981978F, 0.0018022393F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F,
    1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.46450314F, 0.0F, 0.0F, 0.5354969F, 0.0F,
    0.39915013F, 0.58266807F, 0.018181818F, 0.0F, 0.38665015F, 0.59516805F, 0.018181818F, 0.0F, 0.39915013F, 0.60084987F, 0.0F,
    0.39783648F, 0.0F, 0.0F, 0.60216355F, 0.39783648F, 0.0F, 0.0F, 0.60216355F, 0.3875946F, 0.0F, 0.0F, 0.6124054F, 0.38443393F, 0.0F,
    0.0F, 0.6155661F, 0.38443393F, 0.0F, 0.0F, 0.6155661F, 0.38443393F, 0.0F, 0.0F, 0.6155661F, 0.35714287F, 0.0F, 0.0F, 0.64285713F,
    0.34935933F, 0.0F, 0.0F, 0.65064067F};
inline constexpr skerry::anomaly::model_vectors vectors{{vector_rows.data(), 24, columns, columns}, {vector_answers.data(), 24, outputs, outputs}, 1e-06F};

}  // namespace forest
